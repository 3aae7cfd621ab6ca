#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel.h"

namespace init {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel's MAXSYMLINKS
constexpr ino_t kProcRootInode = 1;
constexpr mode_t kParentMode = 0755;

UniqueFd open_name(int dir, const char *name, int more = 0) {
  return UniqueFd(retry([&] { return openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | more); }));
}

UniqueFd duplicate(int fd) { return UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

bool failed(int error) {
  errno = error;
  return false;
}

// A link of procfs that leads to an object, not to a path (exe, fd/N, ns/…), must not be followed
// (CVE-2024-21626). Those at the top of procfs (self, mounts, net) are ordinary ones.
bool is_magic(int link, int dir) {
  struct statfs status;
  if (fstatfs(link, &status) != 0) return true;
  if (status.f_type != PROC_SUPER_MAGIC) return false;
  struct stat parent;
  return fstatfs(dir, &status) != 0 || fstat(dir, &parent) != 0 || status.f_type != PROC_SUPER_MAGIC ||
         parent.st_ino != kProcRootInode;
}

class Walker {
 public:
  Walker(int root, Links links, bool create) : root_(root), links_(links), create_(create) {}

  bool run(const char *path, Place &place) {
    size_t length = strlen(path);
    if (length >= PATH_MAX) return failed(ENAMETOOLONG);
    memcpy(rest_, path, length + 1);
    if (!to_root()) return false;
    while (true) {
      Next next = take_name();
      if (next == Next::Bad) return false;
      if (next == Next::End) break;
      bool last = rest_[strspn(rest_, "/")] == '\0';
      switch (enter(last, place)) {
        case Step::On:
          continue;
        case Step::Arrived:
          return true;
        case Step::Failed:
          return false;
      }
    }
    // The path ended on the root, "." or "..": a directory that we stand in.
    place.name[0] = '\0';
    place.parent.reset();
    place.fd = static_cast<UniqueFd &&>(at_);
    return true;
  }

 private:
  enum class Next { Name, End, Bad };
  enum class Step { On, Arrived, Failed };

  bool to_root() {
    done_[0] = '\0';
    at_ = duplicate(root_);
    return static_cast<bool>(at_);
  }

  // Moves the next name of rest_ to name_; "." is passed over, ".." is done here.
  Next take_name() {
    while (true) {
      size_t slashes = strspn(rest_, "/");
      size_t length = strcspn(rest_ + slashes, "/");
      if (length == 0) return Next::End;
      if (length >= sizeof name_) return failed(ENAMETOOLONG), Next::Bad;
      memcpy(name_, rest_ + slashes, length);
      name_[length] = '\0';
      memmove(rest_, rest_ + slashes + length, strlen(rest_ + slashes + length) + 1);
      if (strcmp(name_, ".") == 0) continue;
      if (strcmp(name_, "..") != 0) return Next::Name;
      if (!go_up()) return Next::Bad;
    }
  }

  // "..": the way so far without its last name is walked anew from the root. Asking the kernel for
  // ".." would follow a directory that somebody moved out of the root under us.
  bool go_up() {
    char way[PATH_MAX];
    char *slash = strrchr(done_, '/');
    size_t length = slash ? static_cast<size_t>(slash - done_) : 0;
    memcpy(way, done_, length);
    way[length] = '\0';
    if (!to_root()) return false;
    for (char *name = way; *name;) {
      name += strspn(name, "/");
      size_t size = strcspn(name, "/");
      if (size == 0) break;
      bool more = name[size] != '\0';
      name[size] = '\0';
      at_ = open_name(at_.get(), name, O_DIRECTORY);
      if (!at_) return false;
      if (more) name[size] = '/';
      if (!push(name, size)) return false;
      name += size;
    }
    return true;
  }

  bool push(const char *name, size_t length) {
    size_t used = strlen(done_);
    if (used + 1 + length >= sizeof done_) return failed(ENAMETOOLONG);
    done_[used] = '/';
    memcpy(done_ + used + 1, name, length);
    done_[used + 1 + length] = '\0';
    return true;
  }

  Step arrive(Place &place, UniqueFd fd) {
    memcpy(place.name, name_, sizeof name_);
    place.parent = static_cast<UniqueFd &&>(at_);
    place.fd = static_cast<UniqueFd &&>(fd);
    return Step::Arrived;
  }

  Step enter(bool last, Place &place) {
    UniqueFd fd = open_name(at_.get(), name_);
    if (!fd && errno == ENOENT) {
      if (last) return arrive(place, {});
      if (!create_) return failed(ENOENT), Step::Failed;
      fd = make();
    }
    struct stat status;
    if (!fd || fstat(fd.get(), &status) != 0) return Step::Failed;
    if (S_ISLNK(status.st_mode) && !(last && links_ == Links::Last)) {
      return follow(fd.get()) ? Step::On : Step::Failed;
    }
    if (last) return arrive(place, static_cast<UniqueFd &&>(fd));
    if (!S_ISDIR(status.st_mode)) return failed(ENOTDIR), Step::Failed;
    at_ = static_cast<UniqueFd &&>(fd);
    return push(name_, strlen(name_)) ? Step::On : Step::Failed;
  }

  UniqueFd make() {
    NoUmask none;
    if (mkdirat(at_.get(), name_, kParentMode) != 0 && errno != EEXIST) return {};
    return open_name(at_.get(), name_, O_DIRECTORY);
  }

  // Puts the text of a symlink before what is left of the path.
  bool follow(int link) {
    if (links_ == Links::None || ++count_ > kMaxLinks || is_magic(link, at_.get())) return failed(ELOOP);
    char text[PATH_MAX];
    ssize_t length = readlinkat(link, "", text, sizeof text);
    if (length < 0) return false;
    if (length == 0) return failed(ENOENT);
    size_t size = static_cast<size_t>(length), left = strlen(rest_);
    if (size == sizeof text || size + left + 1 >= sizeof rest_) return failed(ENAMETOOLONG);
    // rest_ is empty or starts with the slash that ended the link's name.
    memmove(rest_ + size, rest_, left + 1);
    memcpy(rest_, text, size);
    return rest_[0] != '/' || to_root();
  }

  int root_;
  Links links_;
  bool create_;
  int count_ = 0;
  UniqueFd at_;
  char name_[kNameSize] = "";
  char done_[PATH_MAX] = "";      // names from the root to at_, none of them a symlink
  char rest_[2 * PATH_MAX] = "";  // what is still to walk
};

bool read_link(int proc, int fd, char *text, size_t size) {
  char path[32];
  snprintf(path, sizeof path, "self/fd/%d", fd);
  ssize_t length = readlinkat(proc, path, text, size - 1);
  if (length < 0) return false;
  text[length] = '\0';
  return true;
}

}  // namespace

bool walk(Context &context, const char *path, Links links, bool create, Place &place) {
  int root = root_of(context);
  if (root < 0) return false;
  Walker walker(root, links, create);
  return walker.run(path, place);
}

bool still_in_root(Context &context, int fd) {
  int proc = context.proc(false);
  if (proc < 0) return failed(context.error());
  char root[PATH_MAX], path[PATH_MAX];
  if (!read_link(proc, root_of(context), root, sizeof root) || !read_link(proc, fd, path, sizeof path)) return false;
  size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
  if (strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == '\0')) return true;
  return failed(EXDEV);
}

}  // namespace init
