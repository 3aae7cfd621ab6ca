// The end of what a hook printed.
#pragma once
#include <stddef.h>

namespace init {

// Keeps the last 4 KiB, as a ring.
class HookOutput {
 public:
  // Reads what is there; the descriptor must not block. False at end of file.
  bool read_from(int fd);

  // All that is kept, in order, without blanks at its end and without control characters that
  // could harm a terminal or a log. Ends the ring: nothing may be read after it.
  const char *text();

 private:
  static constexpr size_t kKept = 4096;
  char ring_[kKept];
  size_t total_ = 0;
  char text_[kKept + 1];
};

}  // namespace init
