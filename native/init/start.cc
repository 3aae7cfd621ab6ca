// The wait between create and start. It may last for days, so nothing is kept that a container
// could be harmed by or that holds on to the host: no mount, no directory, no procfs.
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "fd.h"
#include "handlers.h"
#include "leave.h"

namespace init {
namespace {

// Who made the other end of a connected socket, in the numbers of this process's namespaces: a
// pid is 0 for a process that this pid namespace doesn't hold.
struct ucred peer_of(int socket) {
  struct ucred peer = {-1, ~0u, ~0u};
  socklen_t size = sizeof peer;
  getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  return peer;
}

// What a user namespace shows of users that it doesn't map (/proc/sys/kernel/overflowuid).
constexpr uid_t kOverflowUid = 65534;

// Only the user who created the container, or the host's root, may start it. Both are compared as
// this process sees them. Below a user namespace all users of the host may look the same, and uid
// 0 is one of the container's: there the creator's uid counts alone, and a peer must be outside
// of the pid namespace when the creator was, so that nothing in the container can pass for it.
bool may_start(const struct ucred &peer, const struct ucred &creator) {
  if (peer.pid < 0 || (creator.pid == 0 && peer.pid != 0)) return false;
  return peer.uid == creator.uid || (peer.uid == 0 && creator.uid != kOverflowUid);
}

// Everything but standard input, output, error and what is preserved for the container.
void close_all_but(Context &context, uint32_t kept) {
  for (uint32_t i = 0; i < context.slot_count; ++i) {
    if (i == kept) continue;
    UniqueFd slot(context.slots[i].fd);
    context.slots[i].fd = -1;
  }
  UniqueFd root(context.root), channel(context.channel);
  context.root = context.channel = -1;
  context.close_proc();
}

// What asks a program to end. The first process of a pid namespace gets none of these without a
// handler, and `kill` of a container that waits would have no effect.
constexpr int kEnding[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

void set_ending(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  for (int signal : kEnding) sigaction(signal, &action, nullptr);
}

void end(int signal) { leave(128 + signal); }

}  // namespace

bool run(Context &context, const steps::ListenStart &step) {
  const struct ucred creator = peer_of(context.channel);
  close_all_but(context, step.slot);
  set_ending(end);
  MountSlot *listening = context.slot(step.slot);
  while (true) {
    UniqueFd connection(retry([&] { return accept4(listening->fd, nullptr, nullptr, SOCK_CLOEXEC); }));
    if (!connection) {
      if (errno == ECONNABORTED) continue;
      return context.fail(errno, "wait for start");
    }
    if (!may_start(peer_of(connection.get()), creator)) continue;
    int fd = -1;
    // A `start` that died before its go changes nothing: the next one may come.
    if (receive_answer(connection.get(), fd) != Answer::GoOn) continue;
    set_ending(SIG_DFL);
    UniqueFd state(fd), listener(listening->fd);
    listening->fd = -1;
    context.channel = connection.release();
    if (MountSlot *slot = context.slot(step.state)) {
      UniqueFd old(slot->fd);
      slot->fd = state.release();
    }
    return true;
  }
}

}  // namespace init
