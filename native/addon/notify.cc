// The notification proxy: see notify.h.
#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unix_socket.h"
#include "waiting.h"

namespace addon {
namespace {

constexpr size_t kMaxMessage = 4096;     // systemd's NOTIFY_BUFFER_MAX: it drops what is longer
constexpr size_t kMaxDescriptors = 253;  // SCM_MAX_FD of the kernel
constexpr int kMaxAtOnce = 64;           // messages, before signals and the terminal get their turn
constexpr int kMaxDrained = 1024;        // more than a queue holds (net.unix.max_dgram_qlen)
constexpr int kManagerTime = 2000;       // ms, for a manager with a full queue at the very end
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

// One datagram and the descriptors that came with it.
struct Message {
  char text[kMaxMessage];
  size_t size = 0;
  std::vector<UniqueFd> descriptors;
};

// Out: false when there is none. What is too long comes out empty.
bool receive_message(int socket, Message &result) {
  struct iovec vector = {result.text, sizeof result.text};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxDescriptors)];
  struct msghdr message = {};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t count = TEMP_FAILURE_RETRY(recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
  if (count < 0) return false;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t descriptors = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < descriptors; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      result.descriptors.emplace_back(fd);
    }
  }
  result.size = message.msg_flags & MSG_TRUNC ? 0 : static_cast<size_t>(count);
  return true;
}

// sd_notify_barrier(3) sends a pipe. Of a pipe we know that holding and closing it never waits.
bool is_pipe(int fd) { return fcntl(fd, F_GETPIPE_SZ) >= 0; }

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
  polled[0] = {pending_.empty() ? socket_ : -1, POLLIN, 0};
  polled[1] = {pending_.empty() ? -1 : manager_, POLLOUT, 0};
  for (size_t i = 0; i < kMaxBarriers; i++) {
    polled[2 + i] = {i < barriers_.size() ? barriers_[i].answer.get() : -1, POLLIN, 0};
  }
}

void NotifyProxy::move(const struct pollfd polled[kPolled]) {
  for (size_t i = barriers_.size(); i-- > 0;) {
    if (polled[2 + i].revents) barriers_.erase(barriers_.begin() + static_cast<ptrdiff_t>(i));
  }
  if (!pending_.empty() && !send()) return;
  for (int i = 0; i < kMaxAtOnce && receive(); i++) continue;
}

void NotifyProxy::drain() {
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
  if (!receive_message(socket_, message)) return false;
  const std::string_view text(message.text, message.size);
  if (text == kBarrier && message.descriptors.size() == 1) {
    pass_barrier(std::move(message.descriptors.front()));
    return true;
  }
  Notification allowed = allowed_notification(text, main_pid_);
  pending_ = std::move(allowed.text);
  ready_ = ready_ || allowed.ready;
  return pending_.empty() || send();
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

// The container's barrier falls when the manager's does. When ours can't be sent or there are too
// many, it falls at once: what was sent before is with the manager already.
void NotifyProxy::pass_barrier(UniqueFd held) {
  if (barriers_.size() == kMaxBarriers || !is_pipe(held.get())) return;
  UniqueFd answer = begin_barrier();
  if (answer.valid()) barriers_.push_back({std::move(answer), std::move(held)});
}

}  // namespace addon
