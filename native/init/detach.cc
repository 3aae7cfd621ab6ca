// detach_root: the mounts of a container that had none of its own mount namespace are taken off the host's.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "handlers.h"
#include "kernel.h"
#include "mount_tree.h"

namespace init {
namespace {

// The mount on top at a directory of the host. A symlink on the way would be one that was not there when the
// container was made.
UniqueFd open_top(const char *path) {
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd top(retry([&] { return sys_openat2(AT_FDCWD, path, kFlags, 0, RESOLVE_NO_SYMLINKS); }));
  if (!top && is_missing(errno)) top.reset(retry([&] { return open(path, kFlags); }));
  return top;
}

bool detach_top(Context &context, const char *path, uint64_t number) {
  UniqueFd top = open_top(path);
  if (!top) return context.fail(errno, "open %s", path);
  if (mount_number(context, top.get()) != number) {
    return context.fail(ESTALE, "unmount %s: another mount lies there", path);
  }
  // What is mounted in a copy that has peers goes away there too: without this the host would lose
  // what it has below a directory that the container had as a recursive, shared bind mount.
  MountSlot slot;
  slot.fd = top.get();
  slot.tree = MountSlot::Tree::Attached;
  if (!change_attributes(context, slot, 0, 0, MS_SLAVE | MS_REC, /*recursive=*/false)) {
    return context.fail(context.error(), "set the propagation of %s", path);
  }
  if (fchdir(top.get()) != 0) return context.fail(errno, "change to %s", path);
  // Of the descriptor's own mount, whatever the path means by now.
  if (umount2(".", MNT_DETACH) != 0) return context.fail(errno, "unmount %s", path);
  return true;
}

}  // namespace

bool run(Context &context, const steps::DetachRoot &step) {
  for (uint32_t number : step.mounts) {
    if (!detach_top(context, step.path, number)) return false;
  }
  return chdir("/") == 0 || context.fail(errno, "change to /");
}

}  // namespace init
