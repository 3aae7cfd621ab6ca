// Names and texts of error numbers.
#pragma once
#include <string>

namespace addon {

// "no such file or directory": glibc's text with a small first letter, as Go's syscall package has it.
std::string error_text(int error);

// "ENOENT", or "E4711" for a number without a name.
std::string error_name(int error);

}  // namespace addon
