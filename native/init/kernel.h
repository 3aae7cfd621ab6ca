// Constants and calls of the mount, terminal and device steps that the C library or Debian 12's
// kernel headers (6.1) lack. syscalls.h has the calls that all steps share.
#pragma once
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "syscalls.h"

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef DEVPTS_SUPER_MAGIC
#define DEVPTS_SUPER_MAGIC 0x1cd1
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#ifndef MS_LAZYTIME
#define MS_LAZYTIME (1 << 25)
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_pivot_root
#error "no number for pivot_root"
#endif

namespace init {

// f_flag of statfs(2), which musl's headers name only in part.
constexpr unsigned long kStReadOnly = 0x0001, kStNoSuid = 0x0002, kStNoDev = 0x0004, kStNoExec = 0x0008,
                        kStNoAtime = 0x0400, kStNoDirAtime = 0x0800, kStRelAtime = 0x1000, kStNoSymFollow = 0x2000;

// Linux 6.6; before that ENOSYS.
inline int sys_fchmodat2(int dir, const char *path, unsigned mode, unsigned flags) {
  return static_cast<int>(syscall(SYS_fchmodat2, dir, path, mode, flags));
}

inline int sys_pivot_root(const char *new_root, const char *put_old) {
  return static_cast<int>(syscall(SYS_pivot_root, new_root, put_old));
}

// Whether a seccomp profile or an old kernel is the reason: both mean "do it the old way".
// Profiles answer EPERM (Docker's before 20.10) or ENOSYS.
inline bool is_missing(int error) { return error == ENOSYS || error == EPERM; }

}  // namespace init
