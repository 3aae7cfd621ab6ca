#include "copy_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "resolve.h"

namespace init {
namespace {

// Two descriptors and 4 KiB of stack a level.
constexpr int kMaxDepth = 200;
constexpr size_t kBlock = 1 << 20;

struct Entry {
  uint64_t inode;
  int64_t offset;
  uint16_t size;
  uint8_t type;
  char name[];
};

class Copier {
 public:
  Copier(Context &context, const char *path) : context_(context), path_(path) {}

  bool directory(int from, int to, int depth) {
    if (depth > kMaxDepth) return fail(ENAMETOOLONG, "");
    alignas(Entry) char buffer[2048];
    while (true) {
      long length = syscall(SYS_getdents64, from, buffer, sizeof buffer);
      if (length < 0) return fail(errno, "");
      if (length == 0) return true;
      for (long at = 0; at < length;) {
        const Entry *entry = reinterpret_cast<const Entry *>(buffer + at);
        at += entry->size;
        if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0) continue;
        if (!one(from, to, entry->name, depth)) return false;
      }
    }
  }

 private:
  bool fail(int error, const char *name) { return context_.fail(error, "copy %s up: %s", path_, *name ? name : "."); }

  bool one(int from, int to, const char *name, int depth) {
    struct stat status;
    if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return fail(errno, name);
    switch (status.st_mode & S_IFMT) {
      case S_IFDIR:
        return subdirectory(from, to, name, depth);
      case S_IFREG:
        return file(from, to, name);
      case S_IFLNK:
        return link(from, to, name, status);
      case S_IFSOCK:
        return true;  // the peer is not copied with it
      default:
        return node(to, name, status);
    }
  }

  bool subdirectory(int from, int to, const char *name, int depth) {
    UniqueFd source(openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat status;
    if (!source || fstat(source.get(), &status) != 0) return fail(errno, name);
    if (mkdirat(to, name, 0700) != 0) return fail(errno, name);
    UniqueFd copy(openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!copy || !directory(source.get(), copy.get(), depth + 1)) return copy ? false : fail(errno, name);
    return dress(copy.get(), name, status);
  }

  bool file(int from, int to, const char *name) {
    // O_NONBLOCK: should it have become a FIFO since, nobody waits for its other end.
    UniqueFd source(openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat status;
    if (!source || fstat(source.get(), &status) != 0) return fail(errno, name);
    if (!S_ISREG(status.st_mode)) return fail(EAGAIN, name);
    UniqueFd copy(openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!copy) return fail(errno, name);
    ssize_t sent;
    while ((sent = retry([&] { return sendfile(copy.get(), source.get(), nullptr, kBlock); })) > 0) {
    }
    if (sent < 0) return fail(errno, name);
    return dress(copy.get(), name, status);
  }

  // Owner first: chown takes set-id bits away.
  bool dress(int fd, const char *name, const struct stat &status) {
    if (fchown(fd, status.st_uid, status.st_gid) != 0 || fchmod(fd, status.st_mode & 07777) != 0)
      return fail(errno, name);
    return true;
  }

  bool link(int from, int to, const char *name, const struct stat &status) {
    char text[PATH_MAX];
    ssize_t length = readlinkat(from, name, text, sizeof text - 1);
    if (length < 0) return fail(errno, name);
    text[length] = '\0';
    if (symlinkat(text, to, name) != 0) return fail(errno, name);
    return fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) == 0 || fail(errno, name);
  }

  bool node(int to, const char *name, const struct stat &status) {
    NoUmask none;
    if (mknodat(to, name, status.st_mode & (S_IFMT | 07777), status.st_rdev) != 0) {
      if (errno != EPERM) return fail(errno, name);
      context_.warn(EPERM, "copy %s up: device %s left out", path_, name);
      return true;
    }
    return fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) == 0 || fail(errno, name);
  }

  Context &context_;
  const char *path_;
};

}  // namespace

bool copy_tree(Context &context, int from, int to, const char *path, bool owner) {
  // "." of a descriptor is the directory itself, even when a mount covers it by now.
  UniqueFd source(openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  UniqueFd copy(source ? openat(to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1);
  struct stat status;
  if (!copy || fstat(source.get(), &status) != 0) return context.fail(errno, "copy %s up", path);
  if (!Copier(context, path).directory(source.get(), copy.get(), 0)) return false;
  if (owner && fchown(copy.get(), status.st_uid, status.st_gid) != 0) return context.fail(errno, "copy %s up", path);
  return true;
}

}  // namespace init
