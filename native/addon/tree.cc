// Removing a directory with all that is in it: a container's state and its writable layer. What
// is in there was made by a container, so nothing about it is trusted: no symlink is followed, no
// mount is crossed, and no depth takes all descriptors or all of the stack.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>

#include "addon.h"
#include "unique_fd.h"

namespace addon {
namespace {

// Directories below this level are moved up to the top and are removed from there.
constexpr int kMaxDepth = 64;

// The mount that an open file is on; -1 with errno set. Not st_dev: a bind mount keeps that.
int mount_id(int fd) {
  const UniqueFd info(open(("/proc/self/fdinfo/" + std::to_string(fd)).c_str(), O_RDONLY | O_CLOEXEC));
  if (!info.valid()) return -1;
  char text[256] = "";
  if (TEMP_FAILURE_RETRY(read(info.get(), text, sizeof text - 1)) < 0) return -1;
  constexpr char kField[] = "\nmnt_id:";
  const char *found = strstr(text, kField);
  errno = ENODATA;
  return found ? atoi(found + sizeof kField - 1) : -1;
}

// Opens a directory that is a real one and no mount point: EXDEV says that it is a mount.
int open_directory(int parent, const char *name) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
  struct open_how how = {};
  how.flags = kFlags;
  how.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH;
  const int fd = static_cast<int>(TEMP_FAILURE_RETRY(syscall(SYS_openat2, parent, name, &how, sizeof how)));
  if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return fd;
  // Before Linux 5.6, or under a seccomp filter that is older.
  UniqueFd opened(TEMP_FAILURE_RETRY(openat(parent, name, kFlags)));
  if (!opened.valid()) return -1;
  const int above = mount_id(parent);
  const int here = mount_id(opened.get());
  if (above < 0 || here < 0) return -1;
  if (above != here) {
    errno = EXDEV;
    return -1;
  }
  return opened.release();
}

// A directory that its owner may not read (mode 000, made by a container without privilege over
// the host's files) is made readable first. Only for EACCES: root reads it anyway.
int open_own_directory(int parent, const char *name) {
  const int fd = open_directory(parent, name);
  if (fd >= 0 || errno != EACCES) return fd;
  const UniqueFd handle(openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!handle.valid()) return -1;
  const std::string self = "/proc/self/fd/" + std::to_string(handle.get());
  if (chmod(self.c_str(), 0700) < 0) return -1;
  return open_directory(parent, name);
}

class TreeRemover {
 public:
  // Empties the directory and closes it. Out: false with errno set and `path` at the culprit.
  bool empty(int directory, int depth);

  // Where it failed, relative to the top.
  std::string path;

  int top = -1;

 private:
  bool remove_entry(int directory, const char *name, unsigned char type, int depth);
  bool remove_directory(int directory, const char *name, int depth);
  uint64_t moved_ = 0;
};

bool TreeRemover::remove_directory(int directory, const char *name, int depth) {
  if (depth >= kMaxDepth) {
    for (;;) {
      const std::string flat = ".runt-remove-" + std::to_string(moved_++);
      // RENAME_NOREPLACE: a container may have used that name.
      if (renameat2(directory, name, top, flat.c_str(), RENAME_NOREPLACE) == 0) return true;
      if (errno != EEXIST) return false;
    }
  }
  const int fd = open_own_directory(directory, name);
  if (fd < 0) return errno == ENOENT;
  return empty(fd, depth + 1) && (unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT);
}

bool TreeRemover::remove_entry(int directory, const char *name, unsigned char type, int depth) {
  if (type != DT_DIR) {
    if (unlinkat(directory, name, 0) == 0 || errno == ENOENT) return true;
    if (errno != EISDIR) return false;  // the type was unknown, or it was swapped meanwhile
  }
  return remove_directory(directory, name, depth);
}

bool TreeRemover::empty(int fd, int depth) {
  const std::unique_ptr<DIR, int (*)(DIR *)> directory(fdopendir(fd), closedir);
  if (!directory) {
    const int error = errno;
    close(fd);
    errno = error;
    return false;
  }
  // Entries may be skipped by readdir while others go, and deep ones come up to the top: again
  // until a pass finds nothing.
  for (bool found = true; found; rewinddir(directory.get())) {
    found = false;
    for (;;) {
      errno = 0;
      const struct dirent *entry = readdir(directory.get());
      if (!entry && errno) return false;
      if (!entry) break;
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      found = true;
      if (!remove_entry(fd, name.c_str(), entry->d_type, depth)) {
        path = path.empty() ? name : name + "/" + path;
        return false;
      }
    }
  }
  return true;
}

Napi::Value remove_tree(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "removeTree");
  const std::string path = arguments.path(0);
  if (!arguments.ok()) return arguments.refuse();
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) {
    const int error = errno;
    if (error == ENOENT) return Napi::Boolean::New(info.Env(), false);
    // No descriptor is left: an empty directory can go without.
    if ((error == EMFILE || error == ENFILE) && rmdir(path.c_str()) == 0) return Napi::Boolean::New(info.Env(), true);
    return fail(info.Env(), error, "open", path);
  }
  TreeRemover remover;
  remover.top = fd;
  if (!remover.empty(fd, 0)) {
    return fail(info.Env(), errno, "unlinkat", remover.path.empty() ? path : path + "/" + remover.path);
  }
  if (rmdir(path.c_str()) < 0 && errno != ENOENT) return fail(info.Env(), errno, "rmdir", path);
  return Napi::Boolean::New(info.Env(), true);
}

}  // namespace

void add_tree(Napi::Object exports) { add<remove_tree>(exports, "removeTree"); }

}  // namespace addon
