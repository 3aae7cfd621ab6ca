// The step that puts the container's seccomp filter in force. From here on the steps that follow
// run below the filter.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "channel.h"
#include "fd.h"
#include "handlers.h"
#include "leave.h"

namespace init {
namespace {

// Between the filter and the answer nobody serves the listener. Whatever call the filter holds
// back then would wait for ever, so there are two of them and no more: the engine has refused
// profiles that hold back sendmsg or recvmsg, and knows that they are allowed.
bool hand_over(Context &context, int listener) {
  constexpr auto kPoint = static_cast<int32_t>(steps::SyncPoint::Seccomp);
  if (!send_message(context, steps::Message::Sync, kPoint, "", listener)) leave(1);
  int fd = -1;
  switch (receive_answer(context.channel, fd)) {
    case Answer::GoOn:
      return true;
    case Answer::HungUp:
      leave(1);
    case Answer::Malformed:
      return context.fail(EPROTO, "understand the engine's answer about the seccomp listener");
    case Answer::Failed:
      return context.fail(errno, "wait until the seccomp listener is with its agent");
  }
  return false;
}

}  // namespace

bool run(Context &context, const steps::SetSeccomp &step) {
  struct sock_fprog filter = {
      static_cast<unsigned short>(step.filter.size / sizeof(struct sock_filter)),
      reinterpret_cast<struct sock_filter *>(const_cast<uint8_t *>(step.filter.data)),
  };
  const bool listens = step.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER;
  if (listens && context.channel < 0) return context.fail(ENOTCONN, "hand a seccomp listener to an agent");
  long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, step.flags, &filter);
  // Before Linux 3.17, and below seccomp profiles that don't know the call.
  if (result != 0 && errno == ENOSYS && step.flags == 0)
    result = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
  if (!listens) return result == 0 || context.fail(errno, "load the seccomp filter");
  if (result < 0) return context.fail(errno, "load the seccomp filter with a listener");
  // Closed when the agent has its copy: a close that waits is then answered.
  UniqueFd listener(static_cast<int>(result));
  return hand_over(context, listener.get());
}

}  // namespace init
