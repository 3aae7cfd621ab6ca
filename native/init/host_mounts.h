// For --no-pivot, where the host's mounts stay in the namespace below the container's root.
#pragma once
#include "context.h"

namespace init {

// Unmounts, or covers, every whole procfs and sysfs that is not inside the root: with one of them
// still in reach the kernel would let the container mount a fresh one without the masks. As runc
// does for the same reason.
bool hide_host_mounts(Context &);

}  // namespace init
