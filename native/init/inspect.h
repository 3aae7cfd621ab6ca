// Why a file can't be executed.
#pragma once
#include <stddef.h>

namespace init {

// In: the path that execve(2) was given and the errno that came back. What the errno doesn't say
// goes to `hint`: a missing interpreter, a foreign architecture, no program at all, a noexec
// mount, a mode that does not allow it. False when there is nothing to add.
bool inspect_program(const char *path, int error, char *hint, size_t size);

}  // namespace init
