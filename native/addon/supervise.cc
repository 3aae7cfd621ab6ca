// The foreground: waits for a container's first process, forwards signals to it, relays its
// terminal, and takes over orphans when asked to.
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>

#include "addon.h"
#include "notify.h"
#include "processes.h"
#include "relay.h"
#include "signals.h"
#include "terminal.h"

namespace addon {
namespace {

struct Failure {
  int error = 0;
  const char *syscall = "";
  const char *path = "";
};

class Supervisor {
 public:
  Supervisor(pid_t pid, int pidfd, bool subreaper) : pid_(pid), pidfd_(pidfd), subreaper_(subreaper) {}

  // Has the process's notifications passed on. In: as NotifyProxy has it.
  void proxy_notifications(int socket, int manager) {
    notify_ = std::make_unique<NotifyProxy>(socket, manager, getpid());
  }

  // Until the process has ended and been reaped; then status() is its exit code.
  Failure run(int master);
  int status() const { return exit_code(status_); }

 private:
  bool take_signals();
  bool reap();
  void forward(int signal);

  const pid_t pid_;
  const int pidfd_;
  const bool subreaper_;
  int status_ = 0;
  int error_ = 0;
  std::unique_ptr<Relay> relay_;
  std::unique_ptr<NotifyProxy> notify_;
  RawTerminal terminal_;
  int master_ = -1;
};

// Out: true when the container's first process has been reaped, or can't be (error_).
bool Supervisor::reap() {
  for (;;) {
    int status;
    const pid_t ended = TEMP_FAILURE_RETRY(waitpid(subreaper_ ? -1 : pid_, &status, WNOHANG));
    if (ended == 0) return false;
    if (ended < 0) {
      error_ = errno;
      return true;
    }
    if (ended != pid_) continue;  // an orphan
    status_ = status;
    return true;
  }
}

void Supervisor::forward(int signal) {
  // The process has not been reaped, so that its pid is still its own. ESRCH: it is a zombie.
  const bool sent = pidfd_ >= 0 && pidfd_send_signal(pidfd_, signal) == 0;
  // ENOSYS or EPERM of a seccomp profile; an EPERM that is meant comes again.
  if (!sent && (pidfd_ < 0 || errno == ENOSYS || errno == EPERM)) kill(pid_, signal);
}

// Out: true when a child may have ended.
bool Supervisor::take_signals() {
  unsigned char numbers[256];
  bool child = false;
  const ssize_t count = read(signal_pipe(), numbers, sizeof numbers);
  for (ssize_t i = 0; i < count; i++) {
    if (numbers[i] == SIGCHLD) {
      child = true;
    } else if (numbers[i] == SIGWINCH && relay_) {
      terminal_.copy_size(master_);
    } else if (numbers[i] != SIGWINCH) {
      if (numbers[i] == SIGCONT && relay_) {
        terminal_.resume();
        terminal_.copy_size(master_);
      }
      forward(numbers[i]);
    }
  }
  return child;
}

Failure Supervisor::run(int master) {
  if (const int error = catch_signals()) return {error, "sigaction", ""};
  if (master >= 0) {
    if (const int error = terminal_.enter()) return {error, "open", "/dev/tty"};
    master_ = master;
    terminal_.copy_size(master);
    relay_ = std::make_unique<Relay>(master);
  }
  constexpr size_t kOwn = 2;
  constexpr size_t kAll = kOwn + Relay::kPolled + NotifyProxy::kPolled;
  struct pollfd polled[kAll];
  for (struct pollfd &each : polled) each = {-1, 0, 0};
  struct pollfd *const relayed = polled + kOwn;
  struct pollfd *const notified = relayed + Relay::kPolled;
  // It may have ended before its SIGCHLD was caught: look once, then wait.
  for (bool look = true; !look || !reap();) {
    polled[0] = {signal_pipe(), POLLIN, 0};
    polled[1] = {pidfd_, POLLIN, 0};
    if (relay_) relay_->watch(relayed);
    if (notify_) notify_->watch(notified);
    look = false;
    if (poll(polled, kAll, notify_ ? notify_->timeout() : -1) < 0) {
      if (errno != EINTR) return {errno, "poll", ""};
      continue;
    }
    if (polled[0].revents && take_signals()) look = true;
    if (polled[1].revents) look = true;
    if (relay_) relay_->move(relayed);
    if (notify_) notify_->move(notified);
  }
  if (notify_) notify_->drain();
  if (relay_) relay_->drain();
  return {error_, "waitpid", ""};
}

Napi::Value catch_signals_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "catchSignals");
  const bool subreaper = info.Length() > 0 && arguments.boolean(0);
  if (!arguments.ok()) return arguments.refuse();
  if (subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) return fail(info.Env(), errno, "prctl");
  if (const int error = catch_signals()) return fail(info.Env(), error, "sigaction");
  return info.Env().Undefined();
}

Napi::Value supervise(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "supervise");
  const Napi::Object options = arguments.object(0);
  const int pidfd = arguments.integer(options.Get("pidfd"));
  const int pid = arguments.integer(options.Get("pid"));
  const int master = arguments.integer(options.Get("master"));
  const bool subreaper = arguments.boolean(options.Get("subreaper"));
  const bool notifies = options.Has("notify");
  int socket = -1;
  int manager = -1;
  if (notifies && arguments.ok()) {
    const Napi::Object notify = options.Get("notify").As<Napi::Object>();
    socket = arguments.integer(notify.Get("socket"));
    manager = arguments.integer(notify.Get("manager"));
  }
  if (!arguments.ok()) return arguments.refuse();
  if (pid <= 0) return fail(info.Env(), EINVAL, "waitpid");
  if (subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) return fail(info.Env(), errno, "prctl");
  Supervisor supervisor(pid, pidfd, subreaper);
  if (notifies) supervisor.proxy_notifications(socket, manager);
  const Failure failure = supervisor.run(master);
  if (failure.error) return fail(info.Env(), failure.error, failure.syscall, failure.path);
  return Napi::Number::New(info.Env(), supervisor.status());
}

}  // namespace

void add_supervise(Napi::Object exports) {
  add<catch_signals_>(exports, "catchSignals");
  add<supervise>(exports, "supervise");
}

}  // namespace addon
