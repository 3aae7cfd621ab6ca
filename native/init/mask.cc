// Masked and read-only paths. Each path is resolved once; what is mounted goes on that descriptor
// (GHSA-3q8j-pf29-vwv8: nothing is looked up again in between).
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "handlers.h"
#include "kernel.h"
#include "mount_tree.h"

namespace init {
namespace {

constexpr uint64_t kMaskAttributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

bool make_empty(Context &context, MountSlot &slot, uint32_t index, const char *data) {
  steps::MakeFilesystem step{};
  step.slot = index;
  step.type = "tmpfs";
  step.source = "tmpfs";
  step.data = data;
  step.superblock = MS_RDONLY;
  step.attributes = kMaskAttributes;
  return make_filesystem(context, slot, classic_room(context, slot), step);
}

// Not there, nothing to hide: as every runtime does. What is behind a directory that even the
// container's root may not search stays hidden without our help.
bool is_absent(int error) { return error == ENOENT || error == ENOTDIR || error == EACCES; }

}  // namespace

bool run(Context &context, const steps::MakeMasks &step) {
  MountSlot *slot = context.slot(step.slot);
  if (!slot) return context.fail(EBADF, "make an empty directory: no slot");
  // Room for its root directory and nothing else. Ubuntu's kernel 5.4 asks for two inodes.
  return make_empty(context, *slot, step.slot, "mode=755,nr_blocks=1,nr_inodes=1") ||
         make_empty(context, *slot, step.slot, "mode=755,nr_blocks=1,nr_inodes=2");
}

bool run(Context &context, const steps::MaskPath &step) {
  MountSlot *empty = context.slot(step.empty);
  MountSlot *null = context.slot(step.null);
  if (!empty || !null) return context.fail(EBADF, "mask %s: no slot", step.path);
  UniqueFd target = open_in_root(context, step.path, O_PATH);
  if (!target) return is_absent(errno) || context.fail(errno, "mask %s", step.path);
  struct stat status;
  if (fstat(target.get(), &status) != 0) return context.fail(errno, "stat %s", step.path);
  return attach_copy(context, S_ISDIR(status.st_mode) ? *empty : *null, {target.get(), step.path});
}

bool run(Context &context, const steps::ProtectPath &step) {
  UniqueFd target = open_in_root(context, step.path, O_PATH);
  if (!target) return is_absent(errno) || context.fail(errno, "make %s read-only", step.path);
  MountSlot slot;
  if (is_root(context, target.get())) {
    // A mount on / would not be seen by those who stand in / already.
    slot.fd = target.get();
    slot.tree = MountSlot::Tree::Attached;
    return change_attributes(context, slot, MOUNT_ATTR_RDONLY, 0, 0, /*recursive=*/false);
  }
  ClassicMount classic;
  // The mounts below come along and keep what the config gave them; the path itself is read-only.
  bool done = clone_descriptor(context, slot, classic, target.get(), step.path, /*recursive=*/true) &&
              change_attributes(context, slot, MOUNT_ATTR_RDONLY, 0, 0, /*recursive=*/false) &&
              attach(context, slot, {target.get(), step.path});
  UniqueFd attached(slot.fd);
  return done;
}

}  // namespace init
