// runt-init as a container may see it: through /proc/PID/exe it must not be writable, or a container
// could replace the program that runs as root on the host (CVE-2019-5736).
#pragma once
#include <string>

#include "unique_fd.h"

namespace addon {

struct InitImage {
  // -1 when it failed: errno `error` of `syscall`.
  int fd = -1;
  int error = 0;
  const char *syscall = "";
};

// A descriptor to execute: a sealed copy in memory, where there are no memfds a copy without a name, and
// where programs in memory are forbidden a detached read-only mount of the file. What is sealed is made
// once for every process, all else for every runt-init; the descriptor stays ours.
InitImage init_image(const std::string &path);

}  // namespace addon
