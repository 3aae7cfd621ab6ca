// The arrays of pointers that execve(2) wants, made from a list of the program.
#pragma once
#include <sys/mman.h>

#include "steps.gen.h"

namespace init {

// Mostly there are ten, and there may be a hundred thousand. Few take no system call, which the container's filter
// might deny, and no memory, which its limits might.
class Pointers {
 public:
  // `first` is put before the list when it is not null.
  explicit Pointers(const steps::Strings &list, const char *first = nullptr) {
    const size_t count = static_cast<size_t>(list.count) + 2;
    if (count > kFew) {
      mapped_ = count * sizeof(char *);
      void *start = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      items_ = start == MAP_FAILED ? nullptr : static_cast<const char **>(start);
      if (!items_) return;
    }
    size_t at = 0;
    if (first) items_[at++] = first;
    for (const char *text : list) items_[at++] = text;
    items_[at] = nullptr;
  }
  Pointers(const Pointers &) = delete;
  Pointers &operator=(const Pointers &) = delete;
  ~Pointers() {
    if (mapped_ && items_) munmap(items_, mapped_);
  }

  // Ends in null. Null itself, with errno, when there was no memory.
  char **get() const { return const_cast<char **>(items_); }

 private:
  static constexpr size_t kFew = 256;
  const char *few_[kFew];
  const char **items_ = few_;
  size_t mapped_ = 0;
};

}  // namespace init
