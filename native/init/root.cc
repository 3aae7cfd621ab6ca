// The root directory: put in place, entered, and the host's left behind.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "handlers.h"
#include "host_mounts.h"
#include "kernel.h"
#include "mount_tree.h"

namespace init {
namespace {

constexpr uint64_t kHostPropagations = MS_SLAVE | MS_PRIVATE | MS_REC;

// Whatever was resolved so far was resolved in the old root.
bool take_new_root(Context &context) {
  left_host = true;
  UniqueFd old(context.root);
  context.root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  return context.root >= 0 || context.fail(errno, "open the new root");
}

}  // namespace

bool run(Context &context, const steps::SetHostPropagation &step) {
  // Nothing that is mounted here may be seen by the host.
  if (!step.flags || (step.flags & ~kHostPropagations)) return context.fail(EINVAL, "set the propagation of /");
  if (mount(nullptr, "/", nullptr, step.flags, nullptr) == 0) return true;
  return context.fail(errno, "set the propagation of /");
}

bool run(Context &context, const steps::CoverRoot &step) {
  if (!has_mount_api()) {
    return context.fail(ENOSYS, "mount the root in the runtime's mount namespace: needs mount_setattr(2), Linux 5.12");
  }
  UniqueFd target(open(step.path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!target) return context.fail(errno, "open %s", step.path);
  ClassicMount unused;
  MountSlot cover;
  bool done = clone_descriptor(context, cover, unused, target.get(), step.path, /*recursive=*/false) &&
              attach(context, cover, {target.get(), step.path, Links::Follow, /*host=*/true}) &&
              // On a shared mount it has become one.
              change_attributes(context, cover, 0, 0, MS_PRIVATE, /*recursive=*/false);
  UniqueFd closed(cover.fd);
  return done;
}

bool run(Context &context, const steps::AttachRoot &step) {
  MountSlot *slot = context.slot(step.slot);
  if (!slot) return context.fail(EBADF, "mount the root at %s: no slot", step.path);
  if (left_host) return context.fail(EINVAL, "mount the root at %s after the host's root was left", step.path);
  UniqueFd target(open(step.path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!target) return context.fail(errno, "open %s", step.path);
  Target place = {target.get(), step.path, Links::Follow, /*host=*/true};
  if (!attach(context, *slot, place)) return false;
  UniqueFd root(fcntl(slot->fd, F_DUPFD_CLOEXEC, 3));
  if (!root) return context.fail(errno, "open the root at %s", step.path);
  UniqueFd old(context.root);
  context.root = root.release();
  host_root = step.path;
  return true;
}

bool run(Context &context, const steps::PivotRoot &) {
  if (root_of(context) < 0) return context.fail(errno, "open the root");
  UniqueFd old(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!old) return context.fail(errno, "open /");
  if (fchdir(context.root) != 0) return context.fail(errno, "change to the new root");
  // Both are ".": the old root comes to lie on top of the new one, no directory is needed for it.
  if (sys_pivot_root(".", ".") != 0) return context.fail(errno, "pivot_root");
  if (fchdir(old.get()) != 0) return context.fail(errno, "change to the old root");
  // Slave, not private: the host's own unmounts still arrive here and are not held up by us. And
  // our unmount doesn't travel to the host.
  if (mount(nullptr, ".", nullptr, MS_SLAVE | MS_REC, nullptr) != 0) {
    return context.fail(errno, "set the propagation of the old root");
  }
  if (umount2(".", MNT_DETACH) != 0) return context.fail(errno, "unmount the old root");
  if (chdir("/") != 0) return context.fail(errno, "change to /");
  return take_new_root(context);
}

bool run(Context &context, const steps::MoveRoot &) {
  if (root_of(context) < 0) return context.fail(errno, "open the root");
  if (!hide_host_mounts(context)) return false;
  if (fchdir(context.root) != 0) return context.fail(errno, "change to the new root");
  if (mount(".", "/", nullptr, MS_MOVE, nullptr) != 0) return context.fail(errno, "move the root to /");
  if (chroot(".") != 0) return context.fail(errno, "chroot");
  if (chdir("/") != 0) return context.fail(errno, "change to /");
  return take_new_root(context);
}

bool run(Context &context, const steps::EnterRoot &) {
  if (root_of(context) < 0) return context.fail(errno, "open the root");
  if (fchdir(context.root) != 0) return context.fail(errno, "change to the new root");
  if (chroot(".") != 0) return context.fail(errno, "chroot");
  // The working directory is the root now: with one above it, ".." would lead out.
  if (chdir("/") != 0) return context.fail(errno, "change to /");
  return take_new_root(context);
}

bool run(Context &context, const steps::SetRoot &step) {
  if (root_of(context) < 0) return context.fail(errno, "open the root");
  MountSlot root;
  root.fd = context.root;
  root.tree = MountSlot::Tree::Attached;
  if (step.readonly && !change_attributes(context, root, MOUNT_ATTR_RDONLY, 0, 0, /*recursive=*/false)) {
    return context.fail(context.error(), "make / read-only");
  }
  if (step.propagation && !change_attributes(context, root, 0, 0, step.propagation, /*recursive=*/false)) {
    return context.fail(context.error(), "set the propagation of /");
  }
  return true;
}

}  // namespace init
