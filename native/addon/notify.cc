// The notification proxy: see notify.h.
#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "unix_socket.h"
#include "waiting.h"

namespace addon {
namespace {

constexpr size_t kMaxMessage = 4096;     // systemd's NOTIFY_BUFFER_MAX: it drops what is longer
constexpr int kMaxAtOnce = 64;           // messages, before signals and the terminal get their turn
constexpr int kMaxDrained = 1024;        // more than a queue holds (net.unix.max_dgram_qlen)
constexpr int kManagerTime = 2000;       // ms, for a manager with a full queue at the very end
constexpr int64_t kBarrierTime = 5'000;  // ms. A manager that knows no barriers never answers.
constexpr std::string_view kReady = "READY=1";
constexpr std::string_view kBarrier = "BARRIER=1";

constexpr std::string_view kWhole[] = {kReady, "RELOADING=1", "STOPPING=1", "WATCHDOG=1", "WATCHDOG=trigger"};
constexpr std::string_view kWithValue[] = {
    "STATUS=", "ERRNO=", "BUSERROR=", "EXIT_STATUS=", "MONOTONIC_USEC=", "EXTEND_TIMEOUT_USEC=",
};

bool is_allowed(std::string_view line) {
  for (const std::string_view whole : kWhole) {
    if (line == whole) return true;
  }
  for (const std::string_view start : kWithValue) {
    if (line.substr(0, start.size()) == start) return true;
  }
  return false;
}

// The next datagram, which stays in the queue. What is too long looks empty.
struct Message {
  char text[kMaxMessage];
  size_t size = 0;
  bool has_descriptors = false;
};

// Out: false when there is none.
bool look_at_message(int socket, Message &result) {
  struct iovec vector = {result.text, sizeof result.text};
  struct msghdr message = {};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  const ssize_t count = TEMP_FAILURE_RETRY(recvmsg(socket, &message, MSG_DONTWAIT | MSG_PEEK));
  if (count < 0) return false;
  result.size = message.msg_flags & MSG_TRUNC ? 0 : static_cast<size_t>(count);
  // There was no room for them.
  result.has_descriptors = message.msg_flags & MSG_CTRUNC;
  return true;
}

// Takes the next datagram out of the queue. No place for descriptors is given.
void take_message(int socket) { (void)!TEMP_FAILURE_RETRY(recv(socket, nullptr, 0, MSG_DONTWAIT)); }

int64_t now_ms() {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

Notification allowed_notification(std::string_view message, pid_t main_pid) {
  Notification allowed;
  while (!message.empty()) {
    const size_t end = message.find('\n');
    const std::string_view line = message.substr(0, end);
    message.remove_prefix(end == std::string_view::npos ? message.size() : end + 1);
    if (!is_allowed(line)) continue;
    allowed.text.append(line).push_back('\n');
    if (line != kReady || allowed.ready) continue;
    // In one message, so that the manager never sees a ready service with the wrong process.
    allowed.ready = true;
    allowed.text += "MAINPID=" + std::to_string(main_pid) + "\n";
  }
  return allowed;
}

NotifyProxy::NotifyProxy(int socket, int manager, pid_t main_pid)
    : socket_(socket), manager_(manager), main_pid_(main_pid) {}

void NotifyProxy::watch(struct pollfd polled[kPolled]) const {
  // No more is taken from the container than the manager takes from us.
  polled[0] = {is_idle() && !holding_ ? socket_ : -1, POLLIN, 0};
  polled[1] = {is_idle() && (!holding_ || answer_.valid()) ? -1 : manager_, POLLOUT, 0};
  polled[2] = {answer_.get(), POLLIN, 0};
}

int NotifyProxy::timeout() const {
  if (!holding_) return -1;
  const int64_t left = deadline_ - now_ms();
  return left > 0 ? static_cast<int>(left) : 0;
}

void NotifyProxy::move(const struct pollfd polled[kPolled]) {
  if (holding_) {
    if (polled[2].revents) {
      let_barrier_fall();
    } else if (timeout() == 0) {
      passes_barriers_ = false;
      let_barrier_fall();
    }
  }
  if (!is_idle() && !send()) return;
  for (int i = 0; i < kMaxAtOnce && receive(); i++) continue;
}

void NotifyProxy::drain() {
  // Whoever waits for a barrier now waits no longer than the manager's other senders.
  passes_barriers_ = false;
  if (holding_) let_barrier_fall();
  // Without a limit a process that outlives the container's first one and goes on sending would hold us here.
  for (int i = 0; i < kMaxDrained; i++) {
    if (!is_idle() && !send()) {
      if (wait_for(manager_, POLLOUT, kManagerTime) <= 0) return;
    } else if (!receive() && is_idle()) {
      return;
    }
  }
}

// Out: false when there is nothing more, or when what came can't be sent yet.
bool NotifyProxy::receive() {
  Message message;
  if (!look_at_message(socket_, message)) return false;
  const std::string_view text(message.text, message.size);
  if (text == kBarrier && message.has_descriptors && hold_barrier()) return false;
  take_message(socket_);
  Notification allowed = allowed_notification(text, main_pid_);
  pending_ = std::move(allowed.text);
  ready_ = ready_ || allowed.ready;
  return is_idle() || send();
}

// Out: false when the manager's queue is full. A manager that has gone is told nothing more.
bool NotifyProxy::send() {
  const ssize_t sent =
      TEMP_FAILURE_RETRY(::send(manager_, pending_.data(), pending_.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
  if (sent < 0 && errno == EAGAIN) return false;
  pending_.clear();
  return true;
}

UniqueFd NotifyProxy::begin_barrier() const {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return {};
  UniqueFd answer(ends[0]);
  const UniqueFd sent(ends[1]);
  if (const int error = send_message(manager_, kBarrier.data(), kBarrier.size(), sent.get())) {
    errno = error;
    return {};
  }
  return answer;
}

// What was sent before the container's barrier is with the manager when its own has fallen. Out: false when the
// manager has gone, or has not answered one in time: then it falls at once.
bool NotifyProxy::hold_barrier() {
  if (!passes_barriers_ || answer_.valid()) return passes_barriers_;
  answer_ = begin_barrier();
  if (!answer_.valid() && errno != EAGAIN) {
    holding_ = false;
    return false;
  }
  if (!holding_) deadline_ = now_ms() + kBarrierTime;
  holding_ = true;
  return true;
}

void NotifyProxy::let_barrier_fall() {
  answer_.reset();
  holding_ = false;
  take_message(socket_);
}

}  // namespace addon
