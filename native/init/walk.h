// The resolver by hand: for kernels without openat2(2), and wherever a path is made on the way.
#pragma once
#include "resolve.h"

namespace init {

// Walks `path` from the root, each component opened with O_PATH|O_NOFOLLOW from the descriptor
// before it; symlinks are read and continued inside the root. With create missing directories are
// made. A missing last component is no error: place.fd is empty then. False with errno.
bool walk(Context &, const char *path, Links, bool create, Place &);

// Whether the kernel still sees fd below the root: the last check of a walk by hand (a directory
// that was moved out of a shared volume while we stood in it). False with errno.
bool still_in_root(Context &, int fd);

}  // namespace init
