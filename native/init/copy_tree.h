// Copies what lies in a directory into another one.
#pragma once
#include "context.h"

namespace init {

// Copies the entries of directory `from` (not what is mounted in it) into directory `to`, both O_PATH: files,
// directories, symlinks and nodes with mode and owner. Symlinks are never followed. With `owner` the
// directory itself is given the owner of the other. False with context.fail; `path` is for messages.
bool copy_tree(Context &, int from, int to, const char *path, bool owner);

}  // namespace init
