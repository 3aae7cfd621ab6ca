// Why a file can't be reached, or may not be executed.
#pragma once
#include <stddef.h>

namespace init {

// Whether this process may execute the file, or enter the directory: 0, or the errno. With the effective ids, which
// execve goes by.
int may_execute(const char *path);

// In: a path that stat(2) failed on, and its errno. What the errno doesn't say goes to `hint`: a directory that may
// not be entered, a symlink to nowhere, a command line in the place of a program. False when there is nothing to add.
bool inspect_path(const char *path, int error, char *hint, size_t size);

// In: a file that may not be executed. False when its kind, mode and owner do not say why.
bool inspect_mode(const char *path, char *hint, size_t size);

}  // namespace init
