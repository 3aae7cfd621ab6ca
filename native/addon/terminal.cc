// Raw mode: see terminal.h.
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace addon {
namespace {

struct termios saved;
volatile sig_atomic_t raw_fd = -1;

// A change of modes from a background job stops it (SIGTTOU) unless the signal is blocked. We
// leave the modes as we found them, so we may.
int set_modes(int fd, const struct termios &modes) {
  sigset_t stop, old;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &stop, &old);
  const int result = TEMP_FAILURE_RETRY(tcsetattr(fd, TCSANOW, &modes));
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  errno = error;
  return result;
}

}  // namespace

UniqueFd open_terminal() {
  for (int fd = 0; fd <= 2; fd++) {
    if (isatty(fd)) return UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  }
  return UniqueFd(TEMP_FAILURE_RETRY(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)));
}

void restore_terminal() {
  const int fd = raw_fd;
  if (fd < 0) return;
  raw_fd = -1;
  set_modes(fd, saved);
}

int RawTerminal::enter() {
  fd_ = open_terminal();
  if (!fd_.valid()) return errno;
  if (tcgetattr(fd_.get(), &saved) < 0) return errno;
  struct termios raw = saved;
  cfmakeraw(&raw);
  raw_fd = fd_.get();
  if (set_modes(fd_.get(), raw) == 0) return 0;
  const int error = errno;
  raw_fd = -1;
  return error;
}

void RawTerminal::copy_size(int master) const {
  struct winsize size;
  if (ioctl(fd_.get(), TIOCGWINSZ, &size) == 0) ioctl(master, TIOCSWINSZ, &size);
}

}  // namespace addon
