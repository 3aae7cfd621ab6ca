// AF_UNIX helpers: see unix_socket.h.
#include "unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

namespace addon {

ssize_t send_some(int socket, const void *data, size_t size, int fd) {
  struct iovec vector = {const_cast<void *>(data), size};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
  struct msghdr message = {};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  return TEMP_FAILURE_RETRY(sendmsg(socket, &message, MSG_NOSIGNAL));
}

int send_message(int socket, const void *data, size_t size, int fd) {
  return send_some(socket, data, size, fd) < 0 ? errno : 0;
}

int socket_address(const std::string &directory, const std::string &name, SocketAddress &result) {
  std::string path = directory + "/" + name;
  if (path.size() >= sizeof result.address.sun_path) {
    result.directory.reset(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!result.directory.valid()) return errno;
    path = "/proc/self/fd/" + std::to_string(result.directory.get()) + "/" + name;
    if (path.size() >= sizeof result.address.sun_path) return ENAMETOOLONG;
  }
  result.address.sun_family = AF_UNIX;
  memcpy(result.address.sun_path, path.c_str(), path.size() + 1);
  result.length = static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + path.size() + 1);
  return 0;
}

}  // namespace addon
