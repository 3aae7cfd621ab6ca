// Calls on processes that older C libraries do not wrap.
#pragma once
#include <sys/types.h>

namespace addon {

// A close-on-exec pidfd (Linux 5.3); -1 with errno set.
int pidfd_open(pid_t pid);
int pidfd_send_signal(int pidfd, int signal);

// What a shell would show for a status of waitpid(2): the exit status, or 128+N for signal N.
int exit_code(int status);

}  // namespace addon
