// The terminal that runt itself was started on, in raw mode while it shows a container's.
#pragma once
#include <sys/types.h>

#include "unique_fd.h"

namespace addon {

// The caller's terminal: the first of stdin, stdout, stderr that is one, else /dev/tty.
// Invalid with errno set (ENXIO: this process has none).
UniqueFd open_terminal();

// Puts the terminal back as it was, when raw mode is on. Safe in a signal handler.
void restore_terminal();

// Raw mode for as long as it lives: keys reach the container as they are.
class RawTerminal {
 public:
  RawTerminal() = default;
  RawTerminal(const RawTerminal &) = delete;
  RawTerminal &operator=(const RawTerminal &) = delete;
  ~RawTerminal() { restore_terminal(); }

  // Out: 0, or the errno.
  int enter();

  // Gives the container's terminal the size of ours. It may have gone meanwhile: no error.
  void copy_size(int master) const;

 private:
  UniqueFd fd_;
};

}  // namespace addon
