// Access to procfs that a container can't divert: writes meant for /proc/self/attr or /proc/sys
// must reach exactly these files, whatever is mounted on /proc or linked from it
// (CVE-2019-16884, CVE-2025-52881; security.md D.3).
#pragma once
#include <stdint.h>

namespace init {

// The root directory of a procfs that nothing else has mounted anything on: a new, detached one
// (Linux 5.2; only the process directories when `processes`, Linux 5.8), else a detached copy of
// /proc without what is mounted below it, else /proc itself when it is a procfs root.
// Close-on-exec; -1 with errno.
int open_private_procfs(bool processes);

// /proc as it is mounted here, when it is the root of a procfs; -1 with errno (EXDEV: something else).
int open_mounted_procfs();

// The number of the mount that a descriptor is on; 0 when the kernel does not say. The first asks statx(2),
// which says it since Linux 5.8, the other one reads it in a procfs.
uint64_t mount_by_statx(int fd);
uint64_t mount_by_fdinfo(int proc, int fd);

// Opens a file below a procfs root for writing: no symlink, no mount and no ".." on the way, and
// what is opened is on procfs. Close-on-exec; -1 with errno.
int open_proc_file(int proc, const char *path);

// Opens a file of this process's own directory in that procfs, e.g. "attr/exec". As open_proc_file.
// runt-init has one thread, so the directory of the process and that of the thread mean the same.
int open_own_proc_file(int proc, const char *file);

// One write(2) of all of it, as these files want it. False with errno.
bool write_all_at_once(int fd, const char *text);

}  // namespace init
