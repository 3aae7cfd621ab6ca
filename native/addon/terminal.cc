// Raw mode: see terminal.h.
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "addon.h"

namespace addon {
namespace {

struct termios saved;
volatile sig_atomic_t raw_fd = -1;

// In the foreground, or beyond job control: the terminal is not the one that controls us.
bool may_change(int fd) {
  const pid_t foreground = tcgetpgrp(fd);
  return foreground < 0 || foreground == getpgrp();
}

// A background job is stopped by SIGTTOU when it acts on its terminal, here by the least of all
// acts: no line of ours is in a break. Out: 0, or the errno; EIO: nobody could ever continue us
// (an orphaned process group), and we can read no keys either.
int wait_for_foreground(int fd) { return TEMP_FAILURE_RETRY(ioctl(fd, TIOCCBRK)) < 0 && errno == EIO ? EIO : 0; }

// As may_change has just said that it is allowed: should we be sent to the background in between,
// the signal that would stop us is held back.
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

// All keys as they are. Output keeps its post-processing: the container's terminal has ONLCR
// cleared, so that it is ours that begins a new line at the left.
struct termios raw_of(struct termios modes) {
  const tcflag_t post_processing = modes.c_oflag & OPOST;
  cfmakeraw(&modes);
  modes.c_oflag |= post_processing;
  return modes;
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
  // From the background we would change the modes of another job under its feet. Our shell has put
  // its own back when it took the terminal from us.
  if (may_change(fd)) set_modes(fd, saved);
}

void copy_window_size(int from, int master) {
  struct winsize size;
  // 0 × 0 is a terminal that nobody told a size (a serial line, a script): not worth passing on.
  if (ioctl(from, TIOCGWINSZ, &size) == 0 && (size.ws_row || size.ws_col)) ioctl(master, TIOCSWINSZ, &size);
}

int RawTerminal::enter() {
  fd_ = open_terminal();
  if (!fd_.valid()) return errno;
  if (!isatty(STDIN_FILENO)) return 0;
  // The modes are read in the foreground: before, they are those of the shell's own line editor.
  if (const int error = wait_for_foreground(fd_.get())) return error == EIO ? 0 : error;
  if (tcgetattr(fd_.get(), &saved) < 0) return errno;
  raw_fd = fd_.get();
  if (set_modes(fd_.get(), raw_of(saved)) == 0) return 0;
  const int error = errno;
  raw_fd = -1;
  return error;
}

void RawTerminal::resume() const {
  const int fd = raw_fd;
  if (fd >= 0 && may_change(fd)) set_modes(fd, raw_of(saved));
}

namespace {

Napi::Value copy_window_size_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "copyWindowSize");
  const int master = arguments.integer(0);
  if (!arguments.ok()) return arguments.refuse();
  const UniqueFd own = open_terminal();
  if (own.valid()) copy_window_size(own.get(), master);
  return info.Env().Undefined();
}

}  // namespace

void add_terminal(Napi::Object exports) { add<copy_window_size_>(exports, "copyWindowSize"); }

}  // namespace addon
