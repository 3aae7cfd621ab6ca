// Copies between a container's terminal and runt's stdin and stdout. Never blocks, and leaves
// O_NONBLOCK of stdin and stdout as it is: those open files belong to the caller too.
#pragma once
#include <poll.h>
#include <stddef.h>

#include "unique_fd.h"

namespace addon {

class Relay {
 public:
  static constexpr size_t kPolled = 3;

  // `master` stays the caller's.
  explicit Relay(int master);

  // Says what to wait for.
  void watch(struct pollfd polled[kPolled]) const;

  // Moves what poll(2) said can move.
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
    void drop() { begin = end = 0; }
  };

  void read_input();
  void read_master();
  void write_master();
  void write_output();
  ssize_t write_some(const char *data, size_t size);

  int master_;
  bool hung_up_ = false;      // nobody has the other side of the terminal open
  bool input_ended_ = false;  // end of file on stdin
  bool output_gone_ = false;  // nobody reads our stdout: go on without, so that the container can
  UniqueFd output_;           // stdout's terminal opened anew, non-blocking; invalid: stdout itself
  bool output_is_socket_ = false;
  bool output_is_pipe_ = false;
  Buffer input_;
  Buffer shown_;
};

}  // namespace addon
