// Copies between a container's terminal and runt's stdin and stdout. Never blocks, and leaves
// O_NONBLOCK of stdin and stdout as it is: those open files belong to the caller too.
#pragma once
#include <poll.h>
#include <stddef.h>
#include <sys/types.h>

#include "unique_fd.h"

namespace addon {

// One side of ours: stdin or stdout. Terminals and pipes are opened anew as non-blocking files
// of our own; sockets are asked not to wait; the rest (regular files) never waits for others.
class OwnSide {
 public:
  // In: STDIN_FILENO or STDOUT_FILENO, and how to open it.
  OwnSide(int fd, int flags);

  int polled() const { return anew_.valid() ? anew_.get() : fd_; }
  // May be called without asking poll(2) first.
  bool never_blocks() const { return anew_.valid() || socket_; }
  ssize_t read(char *data, size_t size) const;
  ssize_t write(const char *data, size_t size) const;

 private:
  const int fd_;
  bool socket_ = false;
  bool pipe_ = false;
  UniqueFd anew_;
};

class Relay {
 public:
  static constexpr size_t kPolled = 3;

  // `master` stays the caller's number. After a hang-up it stands for /dev/null.
  explicit Relay(int master);

  // Says what to wait for.
  void watch(struct pollfd polled[kPolled]) const;

  // Moves what can move. In: what poll(2) said.
  void move(const struct pollfd polled[kPolled]);

  // After the container's first process has ended: copies what it had written until nothing is
  // left. Stops early when runt is asked to end meanwhile (signals.h).
  void drain();

 private:
  struct Buffer {
    char data[65536];
    size_t begin = 0;
    size_t end = 0;
    bool empty() const { return begin == end; }
    bool full() const { return end == sizeof data; }
    void drop() { begin = end = 0; }
    void take(size_t count) {
      begin += count;
      if (empty()) drop();
    }
  };

  void read_input();
  void read_master();
  void write_master();
  void write_output();
  void end_input();
  void hold_open();
  void hang_up();

  const int master_;
  OwnSide input_side_;
  OwnSide output_side_;
  UniqueFd slave_;  // held so that the terminal is never without a user
  bool draining_ = false;
  bool hung_up_ = false;        // nothing will come from the terminal any more
  bool input_ended_ = false;    // end of file on stdin
  bool input_in_line_ = false;  // what was typed last is not the end of a line
  Buffer input_;
  Buffer shown_;
};

}  // namespace addon
