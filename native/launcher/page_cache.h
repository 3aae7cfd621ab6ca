// The engine's file in the kernel's memory.
#pragma once

// When nothing of the file is in the page cache (after a boot), has it read in pieces of two megabytes where the
// file system can (Linux 5.18 on XFS, 6.16 on ext4). All that goes wrong here only makes the start slower.
//
// Why: else the page faults of the first commands bring it in piece by piece, in single pages, and they stay so:
// every later command then takes half as much time again (docs/benchmarks.md).
void read_in_large_pieces(const char *path);
