#include "inspect_access.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

namespace init {
namespace {

const char *kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return "a directory";
    case S_IFIFO:
      return "a FIFO";
    case S_IFSOCK:
      return "a socket";
    case S_IFCHR:
    case S_IFBLK:
      return "a device";
    default:
      return nullptr;
  }
}

// "mode 0700 and owner 0:0 do not allow it to user 1000:1000". Of the groups only one is named.
void tell_mode(const struct stat &status, const char *before, const char *path, char *hint, size_t size) {
  snprintf(hint, size, "%s%s has mode %04o and owner %u:%u, which does not allow it to user %u:%u", before, path,
           status.st_mode & 07777, status.st_uid, status.st_gid, geteuid(), getegid());
}

// The first directory on the way that may not be entered.
bool inspect_way(const char *path, char *hint, size_t size) {
  char above[PATH_MAX];
  for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    size_t length = static_cast<size_t>(slash - path);
    if (length >= sizeof above) return false;
    memcpy(above, path, length);
    above[length] = '\0';
    struct stat status;
    if (may_execute(above) != EACCES || stat(above, &status) != 0) continue;
    tell_mode(status, "the directory ", above, hint, size);
    return true;
  }
  return false;
}

}  // namespace

int may_execute(const char *path) {
  if (syscall(SYS_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS) == 0) return 0;
  // Linux 5.8; before that ids are equal anyway.
  if (errno == ENOSYS || errno == EPERM) return syscall(SYS_faccessat, AT_FDCWD, path, X_OK) == 0 ? 0 : errno;
  return errno;
}

bool inspect_path(const char *path, int error, char *hint, size_t size) {
  if (error == EACCES) return inspect_way(path, hint, size);
  if (error != ENOENT) return false;
  char target[PATH_MAX];
  ssize_t length = readlink(path, target, sizeof target - 1);
  if (length > 0) {
    target[length] = '\0';
    snprintf(hint, size, "it is a symlink to %s, which does not exist in the container", target);
    return true;
  }
  if (!strchr(path, ' ')) return false;
  snprintf(hint, size, "this is the name of one file, with blanks in it: each argument must be an element of its own");
  return true;
}

bool inspect_mode(const char *path, char *hint, size_t size) {
  struct stat status;
  if (stat(path, &status) != 0) return false;
  if (const char *kind = kind_of(status.st_mode)) {
    snprintf(hint, size, "it is %s", kind);
    return true;
  }
  if ((status.st_mode & 0111) == 0) {
    snprintf(hint, size, "no execute bit is set: chmod +x");
    return true;
  }
  if (may_execute(path) == 0) return false;
  tell_mode(status, "", path, hint, size);
  return true;
}

}  // namespace init
