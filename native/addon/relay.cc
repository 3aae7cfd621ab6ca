// The terminal relay: see relay.h.
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "signals.h"

namespace addon {
namespace {

// More than the kernel keeps in a pseudo-terminal. Without a limit a process that outlives the
// container's first one and goes on writing would hold us here.
constexpr size_t kMaxDrained = size_t{256} << 10;

}  // namespace

Relay::Relay(int master) : master_(master) {
  // The master is an open file of ours alone.
  const int flags = fcntl(master, F_GETFL);
  if (flags >= 0) fcntl(master, F_SETFL, flags | O_NONBLOCK);
  struct stat status;
  if (fstat(STDOUT_FILENO, &status) < 0) {
    output_gone_ = true;
    return;
  }
  output_is_socket_ = S_ISSOCK(status.st_mode);
  output_is_pipe_ = S_ISFIFO(status.st_mode);
  // A terminal that stands still (^S, a hung emulator) must not hold signals up. After su(1) it
  // may not be ours to open: then we write as others do.
  if (isatty(STDOUT_FILENO)) output_.reset(open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

void Relay::watch(struct pollfd polled[kPolled]) const {
  // A closed side is always "ready" (POLLHUP): what is not wanted is not polled at all.
  polled[0] = {input_.empty() && !input_ended_ && !hung_up_ ? STDIN_FILENO : -1, POLLIN, 0};
  const int reads = shown_.empty() ? POLLIN : 0;
  const int writes = input_.empty() ? 0 : POLLOUT;
  polled[1] = {!hung_up_ && (reads || writes) ? master_ : -1, static_cast<short>(reads | writes), 0};
  polled[2] = {shown_.empty() ? -1 : output_.valid() ? output_.get() : STDOUT_FILENO, POLLOUT, 0};
}

void Relay::move(const struct pollfd polled[kPolled]) {
  constexpr short kClosed = POLLHUP | POLLERR | POLLNVAL;
  if (polled[0].revents) read_input();
  if (polled[1].revents & (POLLOUT | kClosed) && !input_.empty()) write_master();
  if (polled[1].revents & (POLLIN | kClosed) && shown_.empty()) read_master();
  if (polled[2].revents) write_output();
}

void Relay::read_input() {
  const ssize_t count = read(STDIN_FILENO, input_.data, sizeof input_.data);
  if (count > 0) {
    input_.begin = 0;
    input_.end = static_cast<size_t>(count);
  } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
    input_ended_ = true;
  }
}

void Relay::read_master() {
  const ssize_t count = read(master_, shown_.data, sizeof shown_.data);
  if (count > 0) {
    shown_.begin = 0;
    shown_.end = output_gone_ ? 0 : static_cast<size_t>(count);
  } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
    hung_up_ = true;  // EIO: the last process with the terminal open has closed it
    input_.drop();
  }
}

void Relay::write_master() {
  const ssize_t count = write(master_, input_.data + input_.begin, input_.end - input_.begin);
  if (count >= 0) {
    input_.begin += static_cast<size_t>(count);
  } else if (errno != EAGAIN && errno != EINTR) {
    input_.drop();
  }
}

ssize_t Relay::write_some(const char *data, size_t size) {
  if (output_.valid()) return write(output_.get(), data, size);
  if (output_is_socket_) return send(STDOUT_FILENO, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  // POLLOUT on a pipe promises room for PIPE_BUF bytes; more could block.
  if (output_is_pipe_ && size > PIPE_BUF) size = PIPE_BUF;
  return write(STDOUT_FILENO, data, size);
}

void Relay::write_output() {
  const ssize_t count = write_some(shown_.data + shown_.begin, shown_.end - shown_.begin);
  if (count >= 0) {
    shown_.begin += static_cast<size_t>(count);
  } else if (errno != EAGAIN && errno != EINTR) {
    output_gone_ = true;
    shown_.drop();
  }
}

void Relay::drain() {
  input_ended_ = true;
  input_.drop();
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
    if (hung_up_ || output_gone_) return;
    read_master();
    // Nothing there now means nothing more from the first process: the kernel moves all that it
    // wrote to our side before read(2) says EAGAIN.
    if (shown_.empty()) return;
    drained += shown_.end;
  }
}

}  // namespace addon
