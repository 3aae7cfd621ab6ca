#include "channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "fd.h"

namespace init {
namespace {

constexpr uint32_t kGoOn = 1;
constexpr size_t kMaxText = 8192;

// Room for one descriptor in a control message, aligned as the kernel wants it.
union OneDescriptor {
  struct cmsghdr header;
  char space[CMSG_SPACE(sizeof(int))];
};

}  // namespace

bool send_message(Context &context, steps::Message kind, int32_t value, const char *text, int fd) {
  if (context.channel < 0) return true;
  size_t length = strnlen(text, kMaxText);
  uint32_t header[4] = {static_cast<uint32_t>(kind), context.step, static_cast<uint32_t>(value),
                        static_cast<uint32_t>(length)};
  struct iovec parts[2] = {{header, sizeof header}, {const_cast<char *>(text), length}};
  struct msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = length > 0 ? 2 : 1;
  OneDescriptor control = {};
  if (fd >= 0) {
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(part), &fd, sizeof fd);
  }
  return retry([&] { return sendmsg(context.channel, &message, MSG_NOSIGNAL); }) >= 0;
}

Answer receive_answer(int channel, int &fd) {
  fd = -1;
  // One u32 more than an answer has, so that a longer one is seen.
  uint32_t body[2] = {};
  struct iovec part = {body, sizeof body};
  struct msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  OneDescriptor control = {};
  message.msg_control = &control;
  message.msg_controllen = CMSG_LEN(sizeof(int));  // not the padded size: that has room for a second one
  ssize_t size = retry([&] { return recvmsg(channel, &message, MSG_CMSG_CLOEXEC); });
  if (size < 0) return errno == ECONNRESET ? Answer::HungUp : Answer::Failed;

  UniqueFd received;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    if (header->cmsg_len != CMSG_LEN(sizeof(int))) continue;
    int value;
    memcpy(&value, CMSG_DATA(header), sizeof value);
    received.reset(value);
  }
  if (size == 0) return Answer::HungUp;
  if (size != sizeof(uint32_t) || body[0] != kGoOn || (message.msg_flags & MSG_CTRUNC)) return Answer::Malformed;
  fd = received.release();
  return Answer::GoOn;
}

}  // namespace init
