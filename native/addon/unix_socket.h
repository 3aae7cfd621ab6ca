// Messages with descriptors over AF_UNIX sockets.
#pragma once
#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "unique_fd.h"

namespace addon {

// Sends data in one message, with a descriptor (SCM_RIGHTS) unless it is -1. Out: 0, or the errno.
int send_message(int socket, const void *data, size_t size, int fd);

// The same over a stream, which may take a part only. Out: how much was sent, or -1 with errno.
ssize_t send_some(int socket, const void *data, size_t size, int fd);

// An address for a path of any length. `directory` holds the path's directory open while the
// address is in use: a long path goes through /proc/self/fd.
struct SocketAddress {
  struct sockaddr_un address = {};
  socklen_t length = 0;
  UniqueFd directory;
};

// Out: 0, or the errno.
int socket_address(const std::string &directory, const std::string &name, SocketAddress &result);

}  // namespace addon
