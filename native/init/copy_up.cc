// copy_up: the content of a directory of the image goes into the tmpfs that will cover it.
#include <errno.h>
#include <fcntl.h>

#include "copy_tree.h"
#include "handlers.h"
#include "mount_tree.h"

namespace init {

bool run(Context &context, const steps::CopyUp &step) {
  MountSlot *slot = context.slot(step.slot);
  if (!slot) return context.fail(EBADF, "copy %s up: no slot", step.target);
  if (slot->tree == MountSlot::Tree::Classic && slot->classic->type) {
    slot->classic->copy_up = true;
    return true;
  }
  if (slot->tree != MountSlot::Tree::Detached)
    return context.fail(EINVAL, "copy %s up: not a new file system", step.target);
  UniqueFd source = open_in_root(context, step.target, O_PATH | O_DIRECTORY);
  // Nothing to copy.
  if (!source && errno == ENOENT) return true;
  if (!source) return context.fail(errno, "copy %s up", step.target);
  return copy_tree(context, source.get(), slot->fd, step.target, slot->adopt_owner);
}

}  // namespace init
