// The two sockets of service notification, and the wait of `start` and `run --detach` for READY=1.
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "addon.h"
#include "notify.h"
#include "unix_socket.h"
#include "waiting.h"

namespace addon {
namespace {

constexpr int kBarrierTimeout = 30'000;  // ms. A manager that knows no barriers never answers.
constexpr int kLookAgain = 100;          // ms, for the end of a process without a pidfd

Napi::Value listen_notify(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "listenNotify");
  const std::string directory = arguments.path(0);
  const std::string name = arguments.path(1);
  if (!arguments.ok()) return arguments.refuse();
  const std::string path = directory + "/" + name;
  SocketAddress address;
  if (const int error = socket_address(directory, name, address)) return fail(info.Env(), error, "open", directory);
  UniqueFd listener(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!listener.valid()) return fail(info.Env(), errno, "socket");
  if (bind(listener.get(), reinterpret_cast<struct sockaddr *>(&address.address), address.length) < 0) {
    return fail(info.Env(), errno, "bind", path);
  }
  // Every user of the container may notify. Only the container and the host's root get here.
  if (chmod(address.address.sun_path, 0777) < 0) return fail(info.Env(), errno, "chmod", path);
  return Napi::Number::New(info.Env(), listener.release());
}

// In: a path, or "@NAME" for an abstract socket (sd_notify(3)).
int manager_address(const std::string &text, SocketAddress &result) {
  if (text[0] != '@') {
    const size_t slash = text.rfind('/');
    return socket_address(text.substr(0, slash), text.substr(slash + 1), result);
  }
  if (text.size() > sizeof result.address.sun_path) return ENAMETOOLONG;
  result.address.sun_family = AF_UNIX;
  memcpy(result.address.sun_path, text.data(), text.size());
  result.address.sun_path[0] = '\0';
  result.length = static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + text.size());
  return 0;
}

Napi::Value connect_datagram(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "connectDatagram");
  const std::string text = arguments.path(0);
  if (!arguments.ok()) return arguments.refuse();
  if (text.empty()) return fail(info.Env(), EINVAL, "connect");
  SocketAddress address;
  if (const int error = manager_address(text, address)) return fail(info.Env(), error, "connect", text);
  UniqueFd connection(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!connection.valid()) return fail(info.Env(), errno, "socket");
  if (connect(connection.get(), reinterpret_cast<struct sockaddr *>(&address.address), address.length) < 0) {
    return fail(info.Env(), errno, "connect", text);
  }
  return Napi::Number::New(info.Env(), connection.release());
}

struct Watched {
  int pid;
  int pidfd;
  bool has_ended(short happened) const { return pidfd >= 0 ? happened != 0 : kill(pid, 0) < 0 && errno == ESRCH; }
};

// Out: 0 when READY=1 has been passed on or the process has ended without; else the errno.
int wait_ready(NotifyProxy &proxy, const Watched &process) {
  struct pollfd polled[1 + NotifyProxy::kPolled];
  while (!proxy.is_ready()) {
    polled[0] = {process.pidfd, POLLIN, 0};
    proxy.watch(polled + 1);
    if (poll(polled, 1 + NotifyProxy::kPolled, process.pidfd < 0 ? kLookAgain : proxy.timeout()) < 0) {
      if (errno != EINTR) return errno;
      continue;
    }
    // Looked at first: what the process has sent before its end is there by now.
    if (process.has_ended(polled[0].revents)) {
      proxy.drain();
      return 0;
    }
    proxy.move(polled + 1);
  }
  return 0;
}

// Out: the manager has dealt with it all.
bool confirm(const NotifyProxy &proxy, int manager) {
  UniqueFd answer = proxy.begin_barrier();
  if (!answer.valid() && errno == EAGAIN && wait_for(manager, POLLOUT, kBarrierTimeout) > 0) {
    answer = proxy.begin_barrier();
  }
  return answer.valid() && wait_for(answer.get(), POLLIN, kBarrierTimeout) > 0;
}

Napi::Value wait_notify(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "waitNotify");
  const Napi::Object options = arguments.object(0);
  const int socket = arguments.integer(options.Get("socket"));
  const int manager = arguments.integer(options.Get("manager"));
  const Watched process = {arguments.integer(options.Get("pid")), arguments.integer(options.Get("pidfd"))};
  if (!arguments.ok()) return arguments.refuse();
  if (process.pid <= 0) return fail(info.Env(), EINVAL, "kill");
  NotifyProxy proxy(socket, manager, process.pid);
  if (const int error = wait_ready(proxy, process)) return fail(info.Env(), error, "poll");
  const char *outcome = !proxy.is_ready() ? "ended" : confirm(proxy, manager) ? "ready" : "unconfirmed";
  return Napi::String::New(info.Env(), outcome);
}

}  // namespace

void add_notify(Napi::Object exports) {
  add<listen_notify>(exports, "listenNotify");
  add<connect_datagram>(exports, "connectDatagram");
  add<wait_notify>(exports, "waitNotify");
}

}  // namespace addon
