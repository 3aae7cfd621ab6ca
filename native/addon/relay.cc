// The terminal relay: see relay.h.
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <string>

#include "signals.h"

namespace addon {
namespace {

// More than the kernel keeps in a pseudo-terminal. Without a limit a process that outlives the
// container's first one and goes on writing would hold us here.
constexpr size_t kMaxDrained = size_t{256} << 10;

bool may_come_later(int error) { return error == EAGAIN || error == EINTR; }

}  // namespace

OwnSide::OwnSide(int fd, int flags) : fd_(fd) {
  struct stat status;
  if (fstat(fd, &status) < 0) return;
  socket_ = S_ISSOCK(status.st_mode);
  pipe_ = S_ISFIFO(status.st_mode);
  // A terminal that stands still (^S, a hung emulator) or a full pipe must not hold signals up, and
  // another reader may take what poll(2) saw. After su(1) it may not be ours to open: then we use it
  // as others do.
  if (!pipe_ && !isatty(fd)) return;
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  anew_.reset(open(path.c_str(), flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

ssize_t OwnSide::read(char *data, size_t size) const {
  if (socket_) return recv(fd_, data, size, MSG_DONTWAIT);
  return ::read(polled(), data, size);
}

ssize_t OwnSide::write(const char *data, size_t size) const {
  if (socket_) return send(fd_, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  // POLLOUT on a pipe promises room for PIPE_BUF bytes; more could block.
  if (pipe_ && !anew_.valid() && size > PIPE_BUF) size = PIPE_BUF;
  return ::write(polled(), data, size);
}

Relay::Relay(int master) : master_(master), input_side_(STDIN_FILENO, O_RDONLY), output_side_(STDOUT_FILENO, O_WRONLY) {
  // The master is an open file of ours alone.
  const int flags = fcntl(master, F_GETFL);
  if (flags >= 0) fcntl(master, F_SETFL, flags | O_NONBLOCK);
  hold_open();
}

// A program may close its terminal and open it again later (init systems and /dev/console). While
// nobody has it open, reading the master fails and poll(2) returns at once: one slave of our own,
// straight from the master (Linux 4.13), spares us both.
void Relay::hold_open() { slave_.reset(ioctl(master_, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)); }

// Our side has gone, so the terminal goes: to the container it is as if a user had closed the
// window (SIGHUP to its foreground, end of file, EIO), as without a terminal it would meet EPIPE.
void Relay::hang_up() {
  hung_up_ = true;
  input_ended_ = true;
  input_.drop();
  shown_.drop();
  slave_.reset(-1);
  const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (null.valid()) dup3(null.get(), master_, O_CLOEXEC);
}

void Relay::watch(struct pollfd polled[kPolled]) const {
  // A closed side is always "ready" (POLLHUP): what is not wanted is not polled at all.
  polled[0] = {input_.empty() && !input_ended_ && !hung_up_ ? input_side_.polled() : -1, POLLIN, 0};
  const int reads = shown_.full() ? 0 : POLLIN;
  const int writes = input_.empty() ? 0 : POLLOUT;
  polled[1] = {!hung_up_ && (reads || writes) ? master_ : -1, static_cast<short>(reads | writes), 0};
  polled[2] = {shown_.empty() ? -1 : output_side_.polled(), POLLOUT, 0};
}

void Relay::move(const struct pollfd polled[kPolled]) {
  constexpr short kClosed = POLLHUP | POLLERR | POLLNVAL;
  if (polled[0].revents) read_input();
  if (!input_.empty()) write_master();
  if (polled[1].revents & (POLLIN | kClosed)) read_master();
  if (!shown_.empty() && (polled[2].revents || output_side_.never_blocks())) write_output();
}

void Relay::read_input() {
  const ssize_t count = input_side_.read(input_.data, sizeof input_.data);
  if (count > 0) {
    input_.end = static_cast<size_t>(count);
    const char last = input_.data[count - 1];
    input_in_line_ = last != '\n' && last != '\r';
  } else if (count == 0) {
    input_ended_ = true;
    end_input();
  } else if (!may_come_later(errno)) {
    input_ended_ = true;
  }
}

// The end of a file on stdin is what a user says with ^D: the program that reads lines meets its
// end too. One within a line only sends the line off, so it takes a second. A program that reads
// single keys is left alone.
void Relay::end_input() {
  struct termios modes;
  if (tcgetattr(master_, &modes) < 0 || !(modes.c_lflag & ICANON)) return;
  const char eof = static_cast<char>(modes.c_cc[VEOF]);
  if (eof == _POSIX_VDISABLE) return;
  input_.drop();
  if (input_in_line_) input_.data[input_.end++] = eof;
  input_.data[input_.end++] = eof;
}

// As long as there is something and room for it: the kernel gives at most 4 KiB at a time.
void Relay::read_master() {
  while (!shown_.full()) {
    const ssize_t count = read(master_, shown_.data + shown_.end, sizeof shown_.data - shown_.end);
    if (count > 0) {
      shown_.end += static_cast<size_t>(count);
      continue;
    }
    if (count < 0 && may_come_later(errno)) return;
    // EIO: no process has the terminal open, not even we (vhangup(2)).
    if (!draining_) hold_open();
    hung_up_ = !slave_.valid();
    if (hung_up_) input_.drop();
    return;
  }
}

void Relay::write_master() {
  const ssize_t count = write(master_, input_.data + input_.begin, input_.end - input_.begin);
  if (count >= 0) {
    input_.take(static_cast<size_t>(count));
  } else if (!may_come_later(errno)) {
    input_.drop();
  }
}

void Relay::write_output() {
  const ssize_t count = output_side_.write(shown_.data + shown_.begin, shown_.end - shown_.begin);
  if (count >= 0) {
    shown_.take(static_cast<size_t>(count));
  } else if (!may_come_later(errno)) {
    hang_up();
  }
}

void Relay::drain() {
  draining_ = true;
  input_ended_ = true;
  input_.drop();
  slave_.reset(-1);
  for (size_t drained = 0; drained < kMaxDrained;) {
    if (!shown_.empty()) {
      struct pollfd polled[kPolled + 1];
      watch(polled);
      polled[1].fd = -1;
      polled[kPolled] = {signal_pipe(), POLLIN, 0};
      if (poll(polled, kPolled + 1, -1) < 0) continue;  // EINTR: the pipe says why
      if (polled[kPolled].revents && asked_to_end()) return;
      move(polled);
      continue;
    }
    if (hung_up_) return;
    read_master();
    // Nothing there now means nothing more from the first process: the kernel moves all that it
    // wrote to our side before read(2) says EAGAIN.
    if (shown_.empty()) return;
    drained += shown_.end;
  }
}

}  // namespace addon
