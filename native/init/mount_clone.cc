// clone_tree: a detached copy of a tree of the host.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "handlers.h"
#include "kernel.h"
#include "mount_tree.h"

namespace init {
namespace {

// Judges what was opened, not what was named: the path could mean another file by now.
bool is_expected(Context &context, int fd, const char *path, uint32_t expect) {
  struct stat status;
  if (fstat(fd, &status) != 0) return context.fail(errno, "stat %s", path);
  bool node = S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode);
  if (expect == kDirectory && !S_ISDIR(status.st_mode)) return context.fail(ENOTDIR, "open %s", path);
  // CVE-2025-31133: whatever else is called /dev/null would show a procfs file where a mask should be.
  if (expect == kNullDevice && !(S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3))) {
    return context.fail(ENODEV, "open %s: not the null device", path);
  }
  if (expect == kDevice && !node) return context.fail(ENODEV, "open %s: not a device", path);
  return true;
}

// A node of the host must not be given another mode or owner through the container. Reading from and
// writing to a device works on a read-only mount.
bool guard_node(Context &context, MountSlot &slot, uint32_t expect) {
  constexpr uint64_t kNode = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
  bool node = expect == kNullDevice || expect == kDevice;
  return !node || change_attributes(context, slot, kNode, 0, 0, /*recursive=*/false);
}

}  // namespace

bool clone_path(Context &context, MountSlot &slot, ClassicMount &classic, const char *path, bool recursive,
                bool nofollow, uint32_t expect) {
  if (left_host) return context.fail(EINVAL, "open %s of the host after its root was left", path);
  if (has_mount_api()) {
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0);
    // A symlink in the host's own tree is followed as any other program of the host would.
    UniqueFd tree(retry([&] { return sys_open_tree(AT_FDCWD, path, flags | (nofollow ? AT_SYMLINK_NOFOLLOW : 0)); }));
    if (!tree && errno == EINVAL) {
      return context.fail(EINVAL, "open %s: unbindable, or has mounts below it that a user namespace locks", path);
    }
    if (!tree) return context.fail(errno, "open %s", path);
    if (!is_expected(context, tree.get(), path, expect)) return false;
    fill(slot, MountSlot::Tree::Detached, static_cast<UniqueFd &&>(tree), nullptr);
    return guard_node(context, slot, expect);
  }
  UniqueFd source(retry([&] { return open(path, O_PATH | O_CLOEXEC | (nofollow ? O_NOFOLLOW : 0)); }));
  if (!source) return context.fail(errno, "open %s", path);
  if (!is_expected(context, source.get(), path, expect)) return false;
  classic = ClassicMount{};
  classic.source = path;
  classic.recursive = recursive;
  classic.nofollow = nofollow;
  classic.expect = expect;
  fill(slot, MountSlot::Tree::Classic, static_cast<UniqueFd &&>(source), &classic);
  return guard_node(context, slot, expect);
}

bool clone_descriptor(Context &context, MountSlot &slot, ClassicMount &classic, int fd, const char *path,
                      bool recursive) {
  if (has_mount_api()) {
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
    UniqueFd tree(retry([&] { return sys_open_tree(fd, "", flags); }));
    if (!tree) return context.fail(errno, "copy the mount of %s", path);
    fill(slot, MountSlot::Tree::Detached, static_cast<UniqueFd &&>(tree), nullptr);
    return true;
  }
  UniqueFd source(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!source) return context.fail(errno, "copy the mount of %s", path);
  classic = ClassicMount{};
  classic.source = path;
  classic.recursive = recursive;
  classic.nofollow = true;
  fill(slot, MountSlot::Tree::Classic, static_cast<UniqueFd &&>(source), &classic);
  return true;
}

bool run(Context &context, const steps::CloneTree &step) {
  MountSlot *slot = context.slot(step.slot);
  if (!slot) return context.fail(EBADF, "no slot for %s", step.path);
  return clone_path(context, *slot, classic_room(context, *slot), step.path, step.recursive, step.nofollow,
                    step.expect);
}

}  // namespace init
