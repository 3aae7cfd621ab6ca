// Stream sockets of callers that are told more than fits in one message: seccomp agents.
#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "addon.h"
#include "unix_socket.h"

namespace addon {
namespace {

Napi::Value connect_stream(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "connectStream");
  const std::string path = arguments.path(0);
  const uint32_t timeout = arguments.number(1);
  if (!arguments.ok()) return arguments.refuse();
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash);
  SocketAddress address;
  if (const int error = socket_address(directory, path.substr(slash + 1), address)) {
    return fail(info.Env(), error, "connect", path);
  }
  UniqueFd connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!connection.valid()) return fail(info.Env(), errno, "socket");
  // For connect too: it waits while the backlog of the listener is full.
  const struct timeval patience = {static_cast<time_t>(timeout / 1000),
                                   static_cast<suseconds_t>(timeout % 1000 * 1000)};
  if (setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0) {
    return fail(info.Env(), errno, "setsockopt");
  }
  if (TEMP_FAILURE_RETRY(
          connect(connection.get(), reinterpret_cast<struct sockaddr *>(&address.address), address.length)) < 0) {
    return fail(info.Env(), errno, "connect", path);
  }
  return Napi::Number::New(info.Env(), connection.release());
}

Napi::Value send_stream(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "sendStream");
  const int connection = arguments.integer(0);
  const std::string text = arguments.text(1);
  const int fd = arguments.integer(2);
  if (!arguments.ok()) return arguments.refuse();
  // In one call, as far as it goes: agents exist that read once and take that for all of it.
  for (size_t sent = 0; sent < text.size();) {
    const ssize_t count = send_some(connection, text.data() + sent, text.size() - sent, sent == 0 ? fd : -1);
    if (count < 0) return fail(info.Env(), errno, "sendmsg");
    sent += static_cast<size_t>(count);
  }
  return info.Env().Undefined();
}

}  // namespace

void add_stream(Napi::Object exports) {
  add<connect_stream>(exports, "connectStream");
  add<send_stream>(exports, "sendStream");
}

}  // namespace addon
