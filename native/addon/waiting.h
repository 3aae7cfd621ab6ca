// poll(2) that signals do not shorten or lengthen.
#pragma once
#include <poll.h>

namespace addon {

// As poll(2) on one descriptor, but goes on after EINTR with what is left of the time.
// In: timeout in ms, -1 for none. Out: revents; 0 after the time-out; -1 with errno set.
int wait_for(int fd, short events, int timeout_ms);

}  // namespace addon
