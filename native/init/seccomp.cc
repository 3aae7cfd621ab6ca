// The step that puts the container's seccomp filter in force. From here on the steps that follow
// run below the filter.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "handlers.h"

namespace init {

bool run(Context &context, const steps::SetSeccomp &step) {
  // It would make a descriptor that nobody takes; the engine must have refused it.
  if (step.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
    return context.fail(EINVAL, "load a seccomp filter with a listener");
  struct sock_fprog filter = {
      static_cast<unsigned short>(step.filter.size / sizeof(struct sock_filter)),
      reinterpret_cast<struct sock_filter *>(const_cast<uint8_t *>(step.filter.data)),
  };
  long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, step.flags, &filter);
  // Before Linux 3.17, and below seccomp profiles that don't know the call.
  if (result != 0 && errno == ENOSYS && step.flags == 0)
    result = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
  return result == 0 || context.fail(errno, "load the seccomp filter");
}

}  // namespace init
