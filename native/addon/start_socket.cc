// The socket that a created container waits at for `start`, and the sockets of callers that want a
// descriptor (--console-socket, --pidfd-socket).
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "addon.h"
#include "unix_socket.h"

namespace addon {
namespace {

// `start` holds the container's lock. More than one waits only while others ask whether it listens.
constexpr int kBacklog = 16;

Napi::Value listen_start(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "listenStart");
  const std::string directory = arguments.path(0);
  const std::string name = arguments.path(1);
  if (!arguments.ok()) return arguments.refuse();
  const std::string path = directory + "/" + name;
  SocketAddress address;
  if (const int error = socket_address(directory, name, address)) return fail(info.Env(), error, "open", directory);
  UniqueFd listener(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!listener.valid()) return fail(info.Env(), errno, "socket");
  // The mode of the socket's file comes from here: whoever may connect may start the container.
  if (fchmod(listener.get(), 0600) < 0) return fail(info.Env(), errno, "fchmod", path);
  if (bind(listener.get(), reinterpret_cast<struct sockaddr *>(&address.address), address.length) < 0) {
    return fail(info.Env(), errno, "bind", path);
  }
  if (listen(listener.get(), kBacklog) < 0) return fail(info.Env(), errno, "listen", path);
  return Napi::Number::New(info.Env(), listener.release());
}

Napi::Value connect_start(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "connectStart");
  const std::string directory = arguments.path(0);
  const std::string name = arguments.path(1);
  if (!arguments.ok()) return arguments.refuse();
  SocketAddress address;
  if (const int error = socket_address(directory, name, address)) {
    if (error == ENOENT) return info.Env().Null();
    return fail(info.Env(), error, "open", directory);
  }
  UniqueFd connection(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!connection.valid()) return fail(info.Env(), errno, "socket");
  if (TEMP_FAILURE_RETRY(
          connect(connection.get(), reinterpret_cast<struct sockaddr *>(&address.address), address.length)) < 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return info.Env().Null();
    return fail(info.Env(), errno, "connect", directory + "/" + name);
  }
  return Napi::Number::New(info.Env(), connection.release());
}

Napi::Value send_descriptor(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "sendDescriptor");
  const std::string path = arguments.path(0);
  const int fd = arguments.integer(1);
  std::string text = arguments.text(2);
  if (!arguments.ok()) return arguments.refuse();
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash);
  SocketAddress address;
  if (const int error = socket_address(directory, path.substr(slash + 1), address)) {
    return fail(info.Env(), error, "open", directory);
  }
  const UniqueFd connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!connection.valid()) return fail(info.Env(), errno, "socket");
  if (TEMP_FAILURE_RETRY(
          connect(connection.get(), reinterpret_cast<struct sockaddr *>(&address.address), address.length)) < 0) {
    return fail(info.Env(), errno, "connect", path);
  }
  // A stream carries descriptors only along with at least one byte.
  if (text.empty()) text.push_back('\0');
  if (const int error = send_message(connection.get(), text.data(), text.size(), fd)) {
    return fail(info.Env(), error, "sendmsg", path);
  }
  return info.Env().Undefined();
}

}  // namespace

void add_start_socket(Napi::Object exports) {
  add<listen_start>(exports, "listenStart");
  add<connect_start>(exports, "connectStart");
  add<send_descriptor>(exports, "sendDescriptor");
}

}  // namespace addon
