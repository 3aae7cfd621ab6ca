// attach_tree: a prepared tree goes to its place inside the root.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handlers.h"
#include "kernel.h"
#include "mount_tree.h"

namespace init {
namespace {

constexpr mode_t kDirectoryMode = 0755, kFileMode = 0644;

bool fail_target(Context &context, const steps::AttachTree &step) {
  if (errno == ELOOP && step.real)
    return context.fail(ELOOP, "open mount point %s: a symlink in the root filesystem", step.target);
  return context.fail(errno, "open mount point %s", step.target);
}

UniqueFd make_target(Context &context, const steps::AttachTree &step, bool directory, Links links) {
  if (directory) return make_directories(context, step.target, step.mode ? step.mode : kDirectoryMode, links, nullptr);
  Place place;
  if (!open_place(context, step.target, links, place)) return {};
  return make_file(place, step.mode ? step.mode : kFileMode);
}

// A tmpfs looks like the directory that it covers.
bool adopt_mode(Context &context, const MountSlot &slot, int target) {
  struct stat covered, root;
  if (fstat(target, &covered) != 0 || fstat(slot.fd, &root) != 0) return context.fail(errno, "stat");
  mode_t mode = covered.st_mode & 07777;
  if ((root.st_mode & 07777) == mode) return true;
  if (change_mode(context, slot.fd, mode)) return true;
  if (errno != EROFS) return context.fail(errno, "set the mode of a tmpfs");
  // Nobody sees the mount yet: it can be writable for a moment.
  struct mount_attr open = {}, closed = {};
  open.attr_clr = closed.attr_set = MOUNT_ATTR_RDONLY;
  bool done = sys_mount_setattr(slot.fd, "", AT_EMPTY_PATH, &open) == 0 && change_mode(context, slot.fd, mode) &&
              sys_mount_setattr(slot.fd, "", AT_EMPTY_PATH, &closed) == 0;
  return done || context.fail(errno, "set the mode of a tmpfs");
}

// Values of kind.
constexpr uint32_t kMakeDirectory = 1, kCopyLink = 2;

bool read_link(int fd, char (&text)[PATH_MAX]) {
  ssize_t length = readlinkat(fd, "", text, sizeof text - 1);
  if (length < 0) return false;
  text[length] = '\0';
  return true;
}

// The symlink of the host is made anew; the same one may be there.
bool copy_link(Context &context, int source, const char *target) {
  char text[PATH_MAX], there[PATH_MAX];
  if (!read_link(source, text)) return context.fail(errno, "read the symlink for %s", target);
  Place place;
  if (!open_place(context, target, Links::Last, place) || !make_link(place, text)) {
    return context.fail(errno, "make symlink %s to %s", target, text);
  }
  if (!place.fd || (read_link(place.fd.get(), there) && strcmp(text, there) == 0)) return true;
  return context.fail(EEXIST, "make symlink %s to %s: something else is in its place", target, text);
}

bool is_link(const MountSlot &slot) {
  struct stat status;
  return slot.fd >= 0 && fstat(slot.fd, &status) == 0 && S_ISLNK(status.st_mode);
}

}  // namespace

bool run(Context &context, const steps::AttachTree &step) {
  MountSlot *slot = context.slot(step.slot);
  if (!slot) return context.fail(EBADF, "mount at %s: no slot", step.target);
  if (step.kind == kCopyLink && is_link(*slot)) return copy_link(context, slot->fd, step.target);
  if (slot->tree == MountSlot::Tree::Classic && is_link(*slot))
    return context.fail(ENOSYS, "mount a symlink itself at %s (open_tree, Linux 5.2)", step.target);
  // procfs and sysfs must lie where their names say: masks and labels look for them there
  // (CVE-2019-19921, CVE-2023-27561).
  Links links = step.real ? Links::None : step.nofollow ? Links::Last : Links::Follow;
  UniqueFd target = open_in_root(context, step.target, O_PATH, links);
  if (target) {
    struct stat status;
    if (fstat(target.get(), &status) != 0) return context.fail(errno, "stat %s", step.target);
    if (step.real && !S_ISDIR(status.st_mode)) return context.fail(ENOTDIR, "open mount point %s", step.target);
    if (slot->adopt_mode && slot->tree == MountSlot::Tree::Detached && !adopt_mode(context, *slot, target.get()))
      return false;
  } else {
    if (errno != ENOENT) return fail_target(context, step);
    target = make_target(context, step, step.kind == kMakeDirectory || is_directory_tree(*slot), links);
    if (!target && errno == EROFS) {
      return context.fail(EROFS, "make mount point %s, which does not exist", step.target);
    }
    if (!target && errno == ELOOP) return fail_target(context, step);
    if (!target) return context.fail(errno, "make mount point %s", step.target);
    slot->adopt_mode = false;
  }
  bool root = is_root(context, target.get());
  if (!attach(context, *slot, {target.get(), step.target, links})) return false;
  return !root || enter_covered_root(context);
}

}  // namespace init
