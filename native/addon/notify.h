// Service notification (sd_notify(3)) for a container: what its processes send to the socket that
// they see is checked and passed on to the service manager's. Never blocks.
//
// The manager believes what runt sends, and a container is not runt. So only words about the
// service's own condition go on. MAINPID is ours to say, and a barrier is one of our own.
//
// Descriptors that a container sends are never received, here or by the manager: close(2) can hang for
// as long as the container likes (FUSE answers a flush, or not). A message is looked at where it lies
// and taken out of the queue without them; then the kernel drops them, which is no close(2). So a
// barrier's pipe stays in the queue until the barrier may fall.
#pragma once
#include <poll.h>
#include <stdint.h>
#include <sys/types.h>

#include <string>
#include <string_view>

#include "unique_fd.h"

namespace addon {

// What of a message may go on.
struct Notification {
  std::string text;    // empty when nothing may
  bool ready = false;  // it says READY=1, and `main_pid` along with it
};
Notification allowed_notification(std::string_view message, pid_t main_pid);

class NotifyProxy {
 public:
  static constexpr size_t kPolled = 3;

  // In: the container's socket, and a non-blocking connection to the manager's. Both stay the caller's.
  NotifyProxy(int socket, int manager, pid_t main_pid);

  // Says what to wait for.
  void watch(struct pollfd polled[kPolled]) const;

  // How long to wait, in milliseconds; -1: without end.
  int timeout() const;

  // Passes on what can be passed on. In: what poll(2) said, also that the time is over.
  void move(const struct pollfd polled[kPolled]);

  // After the container's end: passes on what is left. Gives up on a manager that takes nothing.
  void drain();

  // READY=1 has been sent to the manager.
  bool is_ready() const { return ready_ && is_idle(); }
  // Nothing waits to be sent.
  bool is_idle() const { return pending_.empty(); }

  // Asks the manager to say when it has dealt with all that was sent. Out: what hangs up then;
  // invalid with errno set.
  UniqueFd begin_barrier() const;

 private:
  bool receive();
  bool send();
  bool hold_barrier();
  void let_barrier_fall();

  const int socket_;
  const int manager_;
  const pid_t main_pid_;
  bool ready_ = false;
  std::string pending_;
  // The first message in the queue is a barrier, which may fall when the manager's has.
  bool holding_ = false;
  UniqueFd answer_;  // hangs up then; invalid: the manager's queue has no room yet
  int64_t deadline_ = 0;
  bool passes_barriers_ = true;
};

}  // namespace addon
