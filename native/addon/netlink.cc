// Requests to rtnetlink(7), the kernel's interface to network devices and addresses. What they say is
// TypeScript's business (src/host/rtnetlink.ts); here is the socket, in the network namespace that is asked for.
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addon.h"
#include "unique_fd.h"

namespace addon {
namespace {

struct Failure {
  int error = 0;
  const char *syscall = "";
  std::string detail;
};

// A socket belongs to the namespace that its thread was in when it was made. No other thread is concerned.
UniqueFd open_socket(int network, Failure &failure) {
  UniqueFd own;
  if (network >= 0) {
    own.reset(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!own.valid()) failure = {errno, "open", "/proc/thread-self/ns/net"};
    if (own.valid() && setns(network, CLONE_NEWNET) < 0) failure = {errno, "setns", ""};
    if (failure.error) return UniqueFd();
  }
  UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd.valid()) failure = {errno, "socket", ""};
  // A runtime that has lost its own namespace must not go on: its next step would be in a container's.
  if (network >= 0 && setns(own.get(), CLONE_NEWNET) < 0) abort();
  return fd;
}

// What the kernel says besides the errno: attribute NLMSGERR_ATTR_MSG behind the error, a text (Linux 4.12).
std::string words_of(const struct nlmsghdr *header) {
  const struct nlmsgerr *error = static_cast<const struct nlmsgerr *>(NLMSG_DATA(header));
  if (!(header->nlmsg_flags & NLM_F_ACK_TLVS)) return "";
  // The request comes before it: all of it, or its header.
  size_t at = sizeof *error;
  if (!(header->nlmsg_flags & NLM_F_CAPPED)) at += error->msg.nlmsg_len - sizeof(struct nlmsghdr);
  const size_t end = header->nlmsg_len - NLMSG_HDRLEN;
  const char *start = static_cast<const char *>(NLMSG_DATA(header));
  while (at <= end && end - at >= NLA_HDRLEN) {
    const struct nlattr *attribute = reinterpret_cast<const struct nlattr *>(start + at);
    if (attribute->nla_len < NLA_HDRLEN || attribute->nla_len > end - at) return "";
    if (attribute->nla_type == NLMSGERR_ATTR_MSG) {
      return std::string(start + at + NLA_HDRLEN, strnlen(start + at + NLA_HDRLEN, attribute->nla_len - NLA_HDRLEN));
    }
    at += NLA_ALIGN(attribute->nla_len);
  }
  return "";
}

// Takes one datagram apart. Out: true when it was the last. Not with NLMSG_NEXT: with a size of no sign
// it goes on behind a last message whose length is no multiple of four.
bool take(const char *buffer, size_t size, std::string &answers, Failure &failure) {
  for (size_t at = 0; at < size && size - at >= sizeof(struct nlmsghdr);) {
    const struct nlmsghdr *header = reinterpret_cast<const struct nlmsghdr *>(buffer + at);
    if (header->nlmsg_len < sizeof *header || header->nlmsg_len > size - at) break;
    if (header->nlmsg_type == NLMSG_DONE) return true;
    if (header->nlmsg_type == NLMSG_ERROR) {
      if (header->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr))) break;
      const struct nlmsgerr *error = static_cast<const struct nlmsgerr *>(NLMSG_DATA(header));
      if (error->error) failure = {-error->error, "rtnetlink", words_of(header)};
      return true;
    }
    answers.append(reinterpret_cast<const char *>(header), header->nlmsg_len);
    answers.append(NLMSG_ALIGN(header->nlmsg_len) - header->nlmsg_len, '\0');
    at += NLMSG_ALIGN(header->nlmsg_len);
  }
  return false;
}

// One datagram of the kernel (its port is 0). Whoever has CAP_NET_ADMIN over the namespace can send to this
// socket as well, and in a container's namespace that may be a container: what it sends is passed over.
ssize_t receive_of_kernel(int fd, char *buffer, size_t size) {
  for (;;) {
    struct sockaddr_nl sender = {};
    socklen_t length = sizeof sender;
    const ssize_t count = TEMP_FAILURE_RETRY(
        recvfrom(fd, buffer, size, MSG_TRUNC, reinterpret_cast<struct sockaddr *>(&sender), &length));
    if (count < 0 || (length == sizeof sender && sender.nl_pid == 0)) return count;
  }
}

Failure ask(int network, const std::string &request, std::string &answers) {
  Failure failure;
  const UniqueFd fd = open_socket(network, failure);
  if (!fd.valid()) return failure;
  const int on = 1;
  // Best effort: texts in errors, and errors that do not repeat the request.
  setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  if (TEMP_FAILURE_RETRY(send(fd.get(), request.data(), request.size(), 0)) < 0) return {errno, "send", ""};
  alignas(struct nlmsghdr) char buffer[32768];  // the kernel's own limit of a part of a dump
  for (bool last = false; !last;) {
    const ssize_t size = receive_of_kernel(fd.get(), buffer, sizeof buffer);
    if (size < 0) return {errno, "recvfrom", ""};
    if (static_cast<size_t>(size) > sizeof buffer) return {EMSGSIZE, "recvfrom", ""};
    last = take(buffer, static_cast<size_t>(size), answers, failure);
  }
  return failure;
}

Napi::Value rtnetlink(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "rtnetlink");
  const int network = arguments.integer(0);
  const std::string request = arguments.data(1);
  if (!arguments.ok()) return arguments.refuse();
  if (request.size() < sizeof(struct nlmsghdr)) return fail(info.Env(), EINVAL, "rtnetlink");
  std::string answers;
  const Failure failure = ask(network, request, answers);
  if (failure.error) return fail(info.Env(), failure.error, failure.syscall, "", failure.detail);
  Napi::Uint8Array result = Napi::Uint8Array::New(info.Env(), answers.size());
  if (!answers.empty()) memcpy(result.Data(), answers.data(), answers.size());
  return result;
}

}  // namespace

void add_netlink(Napi::Object exports) { add<rtnetlink>(exports, "rtnetlink"); }

}  // namespace addon
