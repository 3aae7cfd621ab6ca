// What only the first program of a command can know, for the TypeScript: the variable RUNT_LAUNCH
// (src/host/launch.ts reads it), and the part of the environment that it may see.
//
//   nofile=SOFT:HARD fds=HEX argv0=TEXT
//
//   nofile    RLIMIT_NOFILE, hexadecimal with 0x: QuickJS makes a BigInt of decimal digits fifty times slower
//   fds       open descriptors from 3 to 255: bit N-3 stands for descriptor N, the most significant
//             digit first. All are without close-on-exec, or they would not have come here.
//   argv0     the name that runt was called by; the last field, as it may hold anything
//
// Signals that the caller ignores or blocks need no note: runt-init sets all back to the default.
#pragma once

#include <limits.h>
#include <stddef.h>

constexpr char kNoteName[] = "RUNT_LAUNCH=";
constexpr size_t kNoteSize = PATH_MAX + 512;

/** Writes RUNT_LAUNCH=… of this process. Call it before anything is opened or limited. */
void write_note(const char *program, char (&note)[kNoteSize]);

// More variables than these are never kept.
constexpr size_t kMostKept = 16;

/** Lists those variables of an environment that the TypeScript may see, ended by a null. Out: how many. */
size_t keep_environment(char **environment, char *(&kept)[kMostKept]);
