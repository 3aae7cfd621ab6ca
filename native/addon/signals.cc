// Catches signals. Every handler writes the signal's number to a pipe, and supervise reads it in
// its poll loop. No signal is blocked: a mask holds for one thread, and the engine has several.
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "terminal.h"

namespace addon {
namespace {

constexpr int kSignals = 65;  // 1 … 64

int read_end = -1;
int write_end = -1;
struct sigaction before[kSignals];

bool is_caught(int signal) {
  switch (signal) {
    case SIGKILL:
    case SIGSTOP:
    // Job control of the caller's shell: a background job that reads the terminal must stop.
    // With a handler the read would start over for ever.
    case SIGTTIN:
    case SIGTTOU:
    // Urgent data on a socket of the engine: about nothing that a container has (runc neither).
    case SIGURG:
    // The C library's own: thread cancellation, and setuid in all threads.
    case 32:
    case 33:
      return false;
    default:
      return true;
  }
}

bool is_fault(int signal) {
  return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL || signal == SIGTRAP ||
         signal == SIGSYS;
}

// Signals that the engine sends to itself stay the engine's: a fault in it, its SIGPIPE after a
// write, what its garbage collector uses to stop threads.
bool is_own(int signal, const siginfo_t *info) {
  if (is_fault(signal) && info->si_code > 0) return true;
  return (info->si_code == SI_USER || info->si_code == SI_TKILL || info->si_code == SI_QUEUE) &&
         info->si_pid == getpid();
}

void hand_on(int signal, siginfo_t *info, void *context) {
  const struct sigaction &old = before[signal];
  if (old.sa_flags & SA_SIGINFO) {
    old.sa_sigaction(signal, info, context);
  } else if (old.sa_handler != SIG_DFL && old.sa_handler != SIG_IGN) {
    old.sa_handler(signal);
  } else if (old.sa_handler == SIG_DFL && is_fault(signal)) {
    // We are about to die: the instruction faults again, now without a handler.
    restore_terminal();
    struct sigaction by_default = {};
    by_default.sa_handler = SIG_DFL;
    sigaction(signal, &by_default, nullptr);
  } else if (old.sa_handler == SIG_DFL && signal == SIGABRT) {
    restore_terminal();  // abort(3) raises it once more by default when the handler has returned
  }
}

void on_signal(int signal, siginfo_t *info, void *context) {
  const int error = errno;
  if (signal != SIGCHLD && is_own(signal, info)) {
    hand_on(signal, info, context);
  } else {
    const char number = static_cast<char>(signal);
    // Full means 65536 signals that nobody has read: one more is lost, as the kernel would merge it.
    [[maybe_unused]] const ssize_t written = write(write_end, &number, 1);
  }
  errno = error;
}

}  // namespace

int signal_pipe() { return read_end; }

bool asked_to_end() {
  unsigned char numbers[256];
  bool asked = false;
  const ssize_t count = read(read_end, numbers, sizeof numbers);
  for (ssize_t i = 0; i < count; i++) {
    asked |= numbers[i] == SIGHUP || numbers[i] == SIGINT || numbers[i] == SIGQUIT || numbers[i] == SIGTERM;
  }
  return asked;
}

int catch_signals() {
  if (read_end >= 0) return 0;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return errno;
  read_end = ends[0];
  write_end = ends[1];
  struct sigaction action = {};
  action.sa_sigaction = on_signal;
  // SA_ONSTACK: the engine gives its threads a stack for signals, and its own may be full.
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (int signal = 1; signal < kSignals; signal++) {
    if (is_caught(signal) && sigaction(signal, &action, &before[signal]) < 0) return errno;
  }
  return 0;
}

}  // namespace addon
