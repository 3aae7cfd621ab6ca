// Packets between the engine and a program that it starts and that speaks a protocol of its own: criu.
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addon.h"
#include "unix_socket.h"

namespace addon {
namespace {

// criu's own limit of one message (CR_MAX_MSG_SIZE).
constexpr size_t kMaxPacket = 1U << 20;
constexpr size_t kMaxDescriptors = 4;

Napi::Value socketpair_(const Napi::CallbackInfo &info) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return fail(info.Env(), errno, "socketpair");
  Napi::Array result = Napi::Array::New(info.Env(), 2);
  for (uint32_t i = 0; i < 2; i++) result.Set(i, Napi::Number::New(info.Env(), ends[i]));
  return result;
}

Napi::Value send_packet(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "sendPacket");
  const int socket = arguments.integer(0);
  const std::string data = arguments.data(1);
  if (!arguments.ok()) return arguments.refuse();
  if (const int error = send_message(socket, data.data(), data.size(), -1)) return fail(info.Env(), error, "sendmsg");
  return info.Env().Undefined();
}

// The first descriptor that rode along, or -1. Others are closed: nobody has asked for them.
int take_descriptor(struct msghdr *header) {
  int taken = -1;
  for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(control) + i * sizeof fd, sizeof fd);
      if (taken < 0) {
        taken = fd;
      } else {
        close(fd);
      }
    }
  }
  return taken;
}

Napi::Value receive_packet(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "receivePacket");
  const int socket = arguments.integer(0);
  if (!arguments.ok()) return arguments.refuse();
  std::vector<char> data(kMaxPacket);
  struct iovec part = {data.data(), data.size()};
  alignas(struct cmsghdr) char control[CMSG_SPACE(kMaxDescriptors * sizeof(int))];
  struct msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  const ssize_t size = TEMP_FAILURE_RETRY(recvmsg(socket, &header, MSG_CMSG_CLOEXEC));
  // ECONNRESET: the other side went without having read all that it was sent.
  if (size == 0 || (size < 0 && errno == ECONNRESET)) return info.Env().Null();
  if (size < 0) return fail(info.Env(), errno, "recvmsg");
  const int fd = take_descriptor(&header);
  if (header.msg_flags & MSG_TRUNC) {
    if (fd >= 0) close(fd);
    return fail(info.Env(), EMSGSIZE, "recvmsg");
  }
  Napi::Uint8Array bytes = Napi::Uint8Array::New(info.Env(), static_cast<size_t>(size));
  memcpy(bytes.Data(), data.data(), static_cast<size_t>(size));
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("bytes", bytes);
  result.Set("fd", Napi::Number::New(info.Env(), fd));
  return result;
}

}  // namespace

void add_packets(Napi::Object exports) {
  add<socketpair_>(exports, "socketpair");
  add<send_packet>(exports, "sendPacket");
  add<receive_packet>(exports, "receivePacket");
}

}  // namespace addon
