// Service notification (sd_notify(3)) for a container: what its processes send to the socket that
// they see is checked and passed on to the service manager's. Never blocks.
//
// The manager believes what runt sends, and a container is not runt. So only words about the
// service's own condition go on. MAINPID is ours to say, descriptors for the manager's store stay
// here, and a barrier is one of our own: no descriptor of a container reaches the manager, which
// could hang in close(2) on it (FUSE).
#pragma once
#include <poll.h>
#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

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
  static constexpr size_t kMaxBarriers = 8;
  static constexpr size_t kPolled = 2 + kMaxBarriers;

  // In: the container's socket, and a non-blocking connection to the manager's. Both stay the caller's.
  NotifyProxy(int socket, int manager, pid_t main_pid);

  // Says what to wait for.
  void watch(struct pollfd polled[kPolled]) const;

  // Passes on what can be passed on. In: what poll(2) said.
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
  // The manager has not yet answered the left one; the container waits for the right one.
  struct Barrier {
    UniqueFd answer;
    UniqueFd held;
  };

  bool receive();
  bool send();
  void pass_barrier(UniqueFd held);

  const int socket_;
  const int manager_;
  const pid_t main_pid_;
  bool ready_ = false;
  std::string pending_;
  std::vector<Barrier> barriers_;
};

}  // namespace addon
