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

// Gives `master` the size of the terminal `from`, if it has one.
void copy_window_size(int from, int master);

// Raw mode for as long as it lives: keys reach the container as they are.
class RawTerminal {
 public:
  RawTerminal() = default;
  RawTerminal(const RawTerminal &) = delete;
  RawTerminal &operator=(const RawTerminal &) = delete;
  ~RawTerminal() { restore_terminal(); }

  // Keys come from stdin: when that is no terminal, no modes are changed. A background job is
  // stopped here (SIGTTOU) until its shell brings it to the foreground. Out: 0, or the errno.
  int enter();

  // After SIGCONT: the shell may have put its own modes back while we were stopped.
  void resume() const;

  // Gives the container's terminal the size of ours. It may have gone meanwhile: no error.
  void copy_size(int master) const { copy_window_size(fd_.get(), master); }

 private:
  UniqueFd fd_;
};

}  // namespace addon
