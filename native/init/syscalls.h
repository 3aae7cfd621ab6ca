// System calls that musl has no wrapper for (yet), with the C library's convention: -1 and errno.
#pragma once
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace init {

// The numbers are the same on every architecture since Linux 5.0; a C library's headers may be older.
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#define SYS_fspick 433
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

inline int sys_fsopen(const char *type, unsigned flags) { return static_cast<int>(syscall(SYS_fsopen, type, flags)); }

inline int sys_fsconfig(int fs, unsigned command, const char *key, const void *value, int aux) {
  return static_cast<int>(syscall(SYS_fsconfig, fs, command, key, value, aux));
}

inline int sys_fsmount(int fs, unsigned flags, unsigned attributes) {
  return static_cast<int>(syscall(SYS_fsmount, fs, flags, attributes));
}

inline int sys_open_tree(int dir, const char *path, unsigned flags) {
  return static_cast<int>(syscall(SYS_open_tree, dir, path, flags));
}

inline int sys_move_mount(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
  return static_cast<int>(syscall(SYS_move_mount, from_dir, from, to_dir, to, flags));
}

inline int sys_mount_setattr(int dir, const char *path, unsigned flags, struct mount_attr *attributes) {
  return static_cast<int>(syscall(SYS_mount_setattr, dir, path, flags, attributes, sizeof *attributes));
}

// `flags` are O_* (without O_CREAT a mode must be 0), `resolve` RESOLVE_*.
inline int sys_openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
  struct open_how how = {};
  how.flags = flags;
  how.mode = mode;
  how.resolve = resolve;
  return static_cast<int>(syscall(SYS_openat2, dir, path, &how, sizeof how));
}

inline int sys_statx(int dir, const char *path, int flags, unsigned mask, struct statx *status) {
  return static_cast<int>(syscall(SYS_statx, dir, path, flags, mask, status));
}

inline int sys_pidfd_open(int pid, unsigned flags) { return static_cast<int>(syscall(SYS_pidfd_open, pid, flags)); }

inline int sys_close_range(unsigned first, unsigned last, unsigned flags) {
  return static_cast<int>(syscall(SYS_close_range, first, last, flags));
}

}  // namespace init
