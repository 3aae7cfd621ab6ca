#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "walk.h"

namespace init {
namespace {

// RESOLVE_IN_ROOT answers EAGAIN when a rename or mount raced with a ".." on the way. A container
// that renames all the time must not hold us up for ever.
constexpr int kTries = 128;

// openat2 is missing (before Linux 5.6, or by seccomp). Decided by the first call.
bool hand_walk = false;

uint64_t resolve_flags(Links links) {
  uint64_t flags = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return links == Links::None ? flags | RESOLVE_NO_SYMLINKS : flags;
}

UniqueFd open_by_kernel(int root, const char *path, int flags, Links links) {
  if (links == Links::Last) flags |= O_NOFOLLOW;
  int fd = -1;
  for (int i = 0; i < kTries; ++i) {
    fd = retry([&] { return sys_openat2(root, path, static_cast<unsigned>(flags), 0, resolve_flags(links)); });
    if (fd >= 0 || errno != EAGAIN) break;
  }
  return UniqueFd(fd);
}

// Opens for real what the walk has found as O_PATH: by name in the resolved parent, and only if it
// is still the same file.
UniqueFd reopen(Place &place, int flags) {
  struct stat found, opened;
  const char *name = place.parent ? place.name : ".";
  int dir = place.parent ? place.parent.get() : place.fd.get();
  UniqueFd fd(retry([&] { return openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC); }));
  if (!fd || fstat(place.fd.get(), &found) != 0 || fstat(fd.get(), &opened) != 0) return {};
  if (found.st_dev == opened.st_dev && found.st_ino == opened.st_ino) return fd;
  errno = EAGAIN;
  return {};
}

UniqueFd open_by_hand(Context &context, const char *path, int flags, Links links) {
  Place place;
  if (!walk(context, path, links, /*create=*/false, place)) return {};
  if (!place.fd) {
    errno = ENOENT;
    return {};
  }
  struct stat status;
  if (fstat(place.fd.get(), &status) != 0) return {};
  if ((flags & O_DIRECTORY) && !S_ISDIR(status.st_mode)) {
    errno = ENOTDIR;
    return {};
  }
  if (!still_in_root(context, place.fd.get())) return {};
  if (flags & O_PATH) return static_cast<UniqueFd &&>(place.fd);
  return reopen(place, flags);
}

// The usual case in two calls: the parent is there and the last name is no symlink to be followed.
bool open_known_place(Context &context, const char *path, Links links, Place &place) {
  const char *slash = strrchr(path, '/');
  const char *name = slash ? slash + 1 : path;
  size_t before = slash ? static_cast<size_t>(slash - path) : 0, length = strlen(name);
  char parent[PATH_MAX];
  if (length == 0 || length >= sizeof place.name || before >= sizeof parent) return false;
  if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return false;
  memcpy(parent, path, before);
  parent[before] = '\0';
  place.parent = open_in_root(context, parent, O_PATH | O_DIRECTORY, links == Links::None ? links : Links::Follow);
  if (!place.parent) return false;
  memcpy(place.name, name, length + 1);
  place.fd.reset(openat(place.parent.get(), name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!place.fd) return errno == ENOENT;
  struct stat status;
  return links == Links::Last || (fstat(place.fd.get(), &status) == 0 && !S_ISLNK(status.st_mode));
}

}  // namespace

int root_of(Context &context) {
  if (context.root < 0) context.root = retry([] { return open("/", O_PATH | O_DIRECTORY | O_CLOEXEC); });
  return context.root;
}

UniqueFd open_in_root(Context &context, const char *path, int flags, Links links) {
  flags |= O_CLOEXEC;
  int root = root_of(context);
  if (root < 0) return {};
  if (strlen(path) >= PATH_MAX) {
    errno = ENAMETOOLONG;
    return {};
  }
  // openat2 has no empty path; as everywhere else in a config, it is the root.
  if (*path == '\0') path = "/";
  if (!hand_walk) {
    UniqueFd fd = open_by_kernel(root, path, flags, links);
    if (fd || !is_missing(errno)) return fd;
    hand_walk = true;
  }
  return open_by_hand(context, path, flags, links);
}

bool open_place(Context &context, const char *path, Links links, Place &place) {
  return open_known_place(context, path, links, place) || walk(context, path, links, /*create=*/true, place);
}

UniqueFd make_directories(Context &context, const char *path, mode_t mode, Links links, bool *made) {
  if (made) *made = false;
  // Most directories are there: one call then.
  UniqueFd fd = open_in_root(context, path, O_PATH | O_DIRECTORY, links);
  if (fd || errno != ENOENT) return fd;
  Place place;
  if (!open_place(context, path, links, place)) return {};
  if (!place.fd) {
    NoUmask none;
    bool new_one = mkdirat(place.parent.get(), place.name, mode) == 0;
    if (!new_one && errno != EEXIST) return {};
    // What lies there now is a directory of somebody's: ours, or one that is as good. A symlink is not.
    place.fd.reset(openat(place.parent.get(), place.name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!place.fd) return {};
    if (made) *made = new_one;
    return static_cast<UniqueFd &&>(place.fd);
  }
  struct stat status;
  if (fstat(place.fd.get(), &status) != 0) return {};
  if (S_ISDIR(status.st_mode)) return static_cast<UniqueFd &&>(place.fd);
  errno = ENOTDIR;
  return {};
}

UniqueFd make_file(Place &place, mode_t mode) {
  if (place.fd) return static_cast<UniqueFd &&>(place.fd);
  {
    NoUmask none;
    // mknod makes the file without opening it: no O_TRUNC, no FIFO to hang on.
    if (mknodat(place.parent.get(), place.name, S_IFREG | mode, 0) != 0 && errno != EEXIST) return {};
  }
  return UniqueFd(openat(place.parent.get(), place.name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

bool make_link(Place &place, const char *text) {
  if (place.fd || symlinkat(text, place.parent.get(), place.name) == 0) return true;
  if (errno != EEXIST) return false;
  place.fd.reset(openat(place.parent.get(), place.name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  return static_cast<bool>(place.fd);
}

bool change_mode(Context &context, int fd, mode_t mode) {
  if (sys_fchmodat2(fd, "", mode, AT_EMPTY_PATH) == 0) return true;
  // EINVAL: AT_EMPTY_PATH is not known to a filter or an old backport.
  if (!is_missing(errno) && errno != EINVAL) return false;
  int proc = context.proc(false);
  if (proc < 0) return false;
  char path[32];
  snprintf(path, sizeof path, "self/fd/%d", fd);
  // The link of procfs leads to the file itself, whatever its name is by now.
  return fchmodat(proc, path, mode, 0) == 0;
}

NoUmask::NoUmask() : saved_(umask(0)) {}

NoUmask::~NoUmask() { umask(saved_); }

}  // namespace init
