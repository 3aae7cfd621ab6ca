// Signals to processes, and waiting for their end.
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "addon.h"
#include "processes.h"
#include "waiting.h"

namespace addon {

int pidfd_open(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

int pidfd_send_signal(int pidfd, int signal) {
  return static_cast<int>(syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0));
}

int exit_code(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

namespace {

Napi::Value kill_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "kill");
  const int pid = arguments.integer(0);
  const int signal = arguments.integer(1);
  if (!arguments.ok()) return arguments.refuse();
  // 0, -1 and -N are groups of processes, our own among them: nothing in runt means those.
  if (pid <= 0) return fail(info.Env(), EINVAL, "kill");
  if (kill(pid, signal) < 0) return fail(info.Env(), errno, "kill");
  return info.Env().Undefined();
}

Napi::Value pidfd_open_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "pidfdOpen");
  const int pid = arguments.integer(0);
  if (!arguments.ok()) return arguments.refuse();
  const int pidfd = pidfd_open(pid);
  if (pidfd < 0) return fail(info.Env(), errno, "pidfd_open");
  return Napi::Number::New(info.Env(), pidfd);
}

Napi::Value pidfd_signal(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "pidfdSignal");
  const int pidfd = arguments.integer(0);
  const int signal = arguments.integer(1);
  if (!arguments.ok()) return arguments.refuse();
  if (pidfd_send_signal(pidfd, signal) < 0) return fail(info.Env(), errno, "pidfd_send_signal");
  return info.Env().Undefined();
}

Napi::Value pidfd_wait(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "pidfdWait");
  const int pidfd = arguments.integer(0);
  const int timeout = arguments.integer(1);
  if (!arguments.ok()) return arguments.refuse();
  const int happened = wait_for(pidfd, POLLIN, timeout);
  if (happened < 0) return fail(info.Env(), errno, "poll");
  if (happened & POLLNVAL) return fail(info.Env(), EBADF, "poll");
  return Napi::Boolean::New(info.Env(), happened != 0);
}

Napi::Value reap(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "reap");
  const int pid = arguments.integer(0);
  if (!arguments.ok()) return arguments.refuse();
  if (pid <= 0) return fail(info.Env(), EINVAL, "waitpid");
  int status;
  if (TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) < 0) {
    if (errno == ECHILD) return info.Env().Null();
    return fail(info.Env(), errno, "waitpid");
  }
  return Napi::Number::New(info.Env(), exit_code(status));
}

}  // namespace

void add_processes(Napi::Object exports) {
  add<kill_>(exports, "kill");
  add<pidfd_open_>(exports, "pidfdOpen");
  add<pidfd_signal>(exports, "pidfdSignal");
  add<pidfd_wait>(exports, "pidfdWait");
  add<reap>(exports, "reap");
}

}  // namespace addon
