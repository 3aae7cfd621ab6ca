// The moment in which a finished tree becomes visible: move_mount(2) from descriptor to descriptor.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "kernel.h"
#include "mount_tree.h"

namespace init {
namespace {

bool same_kind(Context &context, const MountSlot &slot, const Target &target) {
  struct stat status;
  if (fstat(target.fd, &status) != 0) return context.fail(errno, "stat %s", target.path);
  bool directory = is_directory_tree(slot);
  if (directory == static_cast<bool>(S_ISDIR(status.st_mode))) return true;
  return context.fail(ENOTDIR, directory ? "mount a directory on the file %s" : "mount a file on the directory %s",
                      target.path);
}

bool move(Context &context, int tree, const Target &target) {
  constexpr unsigned kByDescriptors = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  if (sys_move_mount(tree, "", target.fd, "", kByDescriptors) == 0) return true;
  return context.fail(errno, "mount at %s", target.path);
}

UniqueFd copy_of(int tree) {
  return UniqueFd(sys_open_tree(tree, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
}

}  // namespace

bool attach(Context &context, MountSlot &slot, const Target &target) {
  if (slot.tree == MountSlot::Tree::Attached) return attach_copy(context, slot, target);
  if (slot.tree == MountSlot::Tree::None)
    return context.fail(EBADF, "mount at %s: the slot holds no mount", target.path);
  if (!same_kind(context, slot, target)) return false;
  if (slot.tree == MountSlot::Tree::Classic) return attach_classic(context, slot, target);
  if (!move(context, slot.fd, target)) return false;
  slot.tree = MountSlot::Tree::Attached;
  return true;
}

bool attach_copy(Context &context, MountSlot &slot, const Target &target) {
  if (slot.tree == MountSlot::Tree::None)
    return context.fail(EBADF, "mount at %s: the slot holds no mount", target.path);
  if (!same_kind(context, slot, target)) return false;
  if (slot.classic && (slot.tree == MountSlot::Tree::Classic || !has_mount_api())) {
    // mount(2) can be told the same again; the slot goes on being the recipe.
    MountSlot again = slot;
    again.tree = MountSlot::Tree::Classic;
    again.fd = slot.fd < 0 ? -1 : fcntl(slot.fd, F_DUPFD_CLOEXEC, 3);
    bool done = attach_classic(context, again, target);
    UniqueFd closed(again.fd);
    return done;
  }
  UniqueFd copy = copy_of(slot.fd);
  if (!copy && errno == EINVAL && slot.tree == MountSlot::Tree::Detached) {
    // Before Linux 6.15 only an attached mount can be copied: this time it goes itself.
    return attach(context, slot, target);
  }
  if (!copy) return context.fail(errno, "copy a mount for %s", target.path);
  return move(context, copy.get(), target);
}

}  // namespace init
