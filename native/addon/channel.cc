// Talks to runt-init. native/steps/steps.json defines the messages:
//
//   runt-init → engine   u32 kind | u32 step | i32 value | u32 length | text     (+ descriptors)
//   engine → runt-init   u32 1                                                   (+ one descriptor)
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addon.h"
#include "unix_socket.h"
#include "waiting.h"

namespace addon {
namespace {

constexpr size_t kHeader = 16;
constexpr size_t kMaxText = 8192;
constexpr size_t kMaxDescriptors = 4;
constexpr uint32_t kGoOn = 1;

struct Message {
  uint32_t header[4];  // kind, step, value, length of the text
  char text[kMaxText];
  int fds[kMaxDescriptors];
  size_t fd_count = 0;

  void close_all() {
    for (size_t i = 0; i < fd_count; i++) close(fds[i]);
    fd_count = 0;
  }
};

void take_descriptors(struct msghdr *header, Message &message) {
  for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count && message.fd_count < kMaxDescriptors; i++) {
      memcpy(&message.fds[message.fd_count++], CMSG_DATA(control) + i * sizeof(int), sizeof(int));
    }
  }
}

// Out: 1 for a message, 0 for a hang-up, -1 with errno set.
int receive_message(int channel, Message &message) {
  for (bool reset = false;; reset = true) {
    struct iovec parts[2] = {{message.header, kHeader}, {message.text, kMaxText}};
    alignas(struct cmsghdr) char control[CMSG_SPACE(kMaxDescriptors * sizeof(int))];
    struct msghdr header = {};
    header.msg_iov = parts;
    header.msg_iovlen = 2;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    const ssize_t size = TEMP_FAILURE_RETRY(recvmsg(channel, &header, MSG_CMSG_CLOEXEC));
    // The other side went without having read our last answer. The kernel says so once, before
    // it gives what that side had sent.
    if (size < 0 && errno == ECONNRESET) {
      if (reset) return 0;
      continue;
    }
    if (size <= 0) return static_cast<int>(size);
    take_descriptors(&header, message);
    const bool whole = !(header.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
    if (whole && static_cast<size_t>(size) >= kHeader && static_cast<size_t>(size) - kHeader == message.header[3])
      return 1;
    message.close_all();
    errno = EBADMSG;
    return -1;
  }
}

Napi::Value receive(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "receive");
  const int channel = arguments.integer(0);
  const int timeout = arguments.integer(1);
  if (!arguments.ok()) return arguments.refuse();
  if (timeout >= 0) {
    const int happened = wait_for(channel, POLLIN, timeout);
    if (happened < 0) return fail(info.Env(), errno, "poll");
    if (happened == 0) return fail(info.Env(), ETIMEDOUT, "recvmsg");
  }
  Message message;
  const int received = receive_message(channel, message);
  if (received < 0) return fail(info.Env(), errno, "recvmsg");
  if (received == 0) return info.Env().Null();
  Napi::Array fds = Napi::Array::New(info.Env(), message.fd_count);
  for (uint32_t i = 0; i < message.fd_count; i++) fds.Set(i, Napi::Number::New(info.Env(), message.fds[i]));
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("kind", Napi::Number::New(info.Env(), message.header[0]));
  result.Set("step", Napi::Number::New(info.Env(), message.header[1]));
  result.Set("value", Napi::Number::New(info.Env(), static_cast<int32_t>(message.header[2])));
  result.Set("text", Napi::String::New(info.Env(), message.text, message.header[3]));
  result.Set("fds", fds);
  return result;
}

Napi::Value answer(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "answer");
  const int channel = arguments.integer(0);
  const int fd = arguments.integer(1);
  if (!arguments.ok()) return arguments.refuse();
  if (const int error = send_message(channel, &kGoOn, sizeof kGoOn, fd)) return fail(info.Env(), error, "sendmsg");
  return info.Env().Undefined();
}

}  // namespace

void add_channel(Napi::Object exports) {
  add<receive>(exports, "receive");
  add<answer>(exports, "answer");
}

}  // namespace addon
