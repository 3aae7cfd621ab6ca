#include "hook_output.h"

#include <unistd.h>

#include "fd.h"

namespace init {

bool HookOutput::read_from(int fd) {
  while (true) {
    size_t at = total_ % kKept;
    ssize_t got = retry([&] { return read(fd, ring_ + at, kKept - at); });
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN;
    total_ += static_cast<size_t>(got);
    // A hook that prints without end must not keep us from looking at the clock.
    if (static_cast<size_t>(got) < kKept - at) return true;
    if (total_ % kKept == 0) return true;
  }
}

const char *HookOutput::text() {
  size_t length = total_ < kKept ? total_ : kKept;
  size_t start = total_ - length;
  for (size_t i = 0; i < length; ++i) {
    char c = ring_[(start + i) % kKept];
    text_[i] = (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f ? '?' : c;
  }
  while (length > 0 && (text_[length - 1] == '\n' || text_[length - 1] == ' ' || text_[length - 1] == '\t')) --length;
  text_[length] = '\0';
  // A ring that has turned may begin in the middle of a UTF-8 sequence.
  const char *first = text_;
  while (start > 0 && (static_cast<unsigned char>(*first) & 0xc0) == 0x80) ++first;
  return first;
}

}  // namespace init
