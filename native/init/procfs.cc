#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fd.h"
#include "syscalls.h"

namespace init {
namespace {

// PROC_ROOT_INO of the kernel: a bind mount of some directory of procfs has another number.
constexpr ino_t kProcRootInode = 1;

bool is_procfs(int fd) {
  struct statfs status;
  if (retry([&] { return fstatfs(fd, &status); }) != 0) return false;
  if (status.f_type == PROC_SUPER_MAGIC) return true;
  errno = EXDEV;
  return false;
}

bool is_procfs_root(int fd) {
  struct stat status;
  if (!is_procfs(fd) || fstat(fd, &status) != 0) return false;
  if (status.st_ino == kProcRootInode) return true;
  errno = EXDEV;
  return false;
}

// A procfs of this process's pid namespace that is mounted nowhere.
int mount_detached(bool processes) {
  UniqueFd filesystem(sys_fsopen("proc", FSOPEN_CLOEXEC));
  if (!filesystem) return -1;
  if (processes) {
    // EINVAL before Linux 5.8: then it is a whole one.
    (void)sys_fsconfig(filesystem.get(), FSCONFIG_SET_STRING, "subset", "pid", 0);
  }
  if (sys_fsconfig(filesystem.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return -1;
  return sys_fsmount(filesystem.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

bool has_dot_dot(const char *path) {
  while (true) {
    size_t length = strcspn(path, "/");
    if (length == 2 && path[0] == '.' && path[1] == '.') return true;
    if (path[length] == '\0') return false;
    path += length + 1;
  }
}

uint64_t mount_number(int proc, int fd) {
  const uint64_t number = mount_by_statx(fd);
  return number != 0 ? number : mount_by_fdinfo(proc, fd);
}

// openat2 for kernels before 5.6 (and seccomp profiles that answer ENOSYS or EPERM): one component after
// the other, no symlink followed, and each on the same mount. Not the same st_dev: a file of procfs that is
// mounted over another one has that of procfs, too.
int walk_beneath(int dir, const char *path, int flags) {
  const uint64_t mount = mount_number(dir, dir);
  UniqueFd at;
  int current = dir;
  while (true) {
    size_t length = strcspn(path, "/");
    char name[256];
    if (length == 0 || length >= sizeof name) {
      errno = length == 0 ? EINVAL : ENAMETOOLONG;
      return -1;
    }
    memcpy(name, path, length);
    name[length] = '\0';
    path += length;
    bool last = *path == '\0';
    int next =
        retry([&] { return openat(current, name, (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC); });
    if (next < 0) return -1;
    at.reset(next);
    current = next;
    if (mount == 0 || mount_number(dir, current) != mount) {
      errno = EXDEV;
      return -1;
    }
    if (last) return at.release();
    ++path;
  }
}

}  // namespace

uint64_t mount_by_statx(int fd) {
  struct statx status = {};
  if (sys_statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) != 0) return 0;
  return status.stx_mask & STATX_MNT_ID ? status.stx_mnt_id : 0;
}

uint64_t mount_by_fdinfo(int proc, int fd) {
  char path[32], text[512];
  snprintf(path, sizeof path, "self/fdinfo/%d", fd);
  UniqueFd file(retry([&] { return openat(proc, path, O_RDONLY | O_CLOEXEC); }));
  if (!file || !is_procfs(file.get())) return 0;
  ssize_t size = retry([&] { return read(file.get(), text, sizeof text - 1); });
  if (size <= 0) return 0;
  text[size] = '\0';
  const char *found = strstr(text, "mnt_id:");
  return found ? strtoull(found + strlen("mnt_id:"), nullptr, 10) : 0;
}

int open_mounted_procfs() {
  UniqueFd proc(retry([] { return open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }));
  return proc && is_procfs_root(proc.get()) ? proc.release() : -1;
}

int open_private_procfs(bool processes) {
  UniqueFd proc(mount_detached(processes));
  if (proc) return proc.release();
  // EPERM in a user namespace whose own /proc is covered in part (mount_too_revealing), EACCES by
  // an AppArmor rule that knows no detached procfs (runc issue 4968), ENOSYS before Linux 5.2.
  proc.reset(sys_open_tree(AT_FDCWD, "/proc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW));
  if (proc && is_procfs_root(proc.get())) return proc.release();
  return open_mounted_procfs();
}

int open_proc_file(int proc, const char *path) {
  // RESOLVE_BENEATH allows ".." as long as it stays below: "PID/../1/oom_score_adj" would be another's file.
  if (has_dot_dot(path)) {
    errno = EXDEV;
    return -1;
  }
  constexpr uint64_t kResolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  UniqueFd file(retry([&] { return sys_openat2(proc, path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0, kResolve); }));
  if (!file && (errno == ENOSYS || errno == EPERM)) file.reset(walk_beneath(proc, path, O_WRONLY));
  return file && is_procfs(file.get()) ? file.release() : -1;
}

int open_own_proc_file(int proc, const char *file) {
  // The pid in the numbers of that procfs, which may be of another pid namespace than this
  // process. Written by the kernel, still checked before it becomes part of a path.
  char path[256];
  ssize_t length = readlinkat(proc, "self", path, 32);
  if (length < 0) return -1;
  path[length] = '\0';
  if (length == 0 || path[strspn(path, "0123456789")] != '\0') {
    errno = EXDEV;
    return -1;
  }
  int more = snprintf(path + length, sizeof path - static_cast<size_t>(length), "/%s", file);
  if (more < 0 || static_cast<size_t>(more) >= sizeof path - static_cast<size_t>(length)) {
    errno = ENAMETOOLONG;
    return -1;
  }
  return open_proc_file(proc, path);
}

bool write_all_at_once(int fd, const char *text) {
  size_t length = strlen(text);
  ssize_t written = retry([&] { return write(fd, text, length); });
  if (written < 0) return false;
  if (static_cast<size_t>(written) == length) return true;
  errno = EIO;
  return false;
}

}  // namespace init
