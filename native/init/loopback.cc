// The step that brings up the loopback device.
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "fd.h"
#include "handlers.h"

namespace init {

bool run(Context &context, const steps::RaiseLoopback &) {
  // Any socket takes the request, and every kernel has these.
  UniqueFd any(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!any) return context.fail(errno, "open a socket");
  struct ifreq request = {};
  memcpy(request.ifr_name, "lo", sizeof "lo");
  if (ioctl(any.get(), SIOCGIFFLAGS, &request) != 0) return context.fail(errno, "ask for the flags of lo");
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (ioctl(any.get(), SIOCSIFFLAGS, &request) != 0) return context.fail(errno, "bring up lo");
  return true;
}

}  // namespace init
