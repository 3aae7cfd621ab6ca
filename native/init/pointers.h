// The arrays of pointers that execve(2) wants, made from a list of the program.
#pragma once
#include <sys/mman.h>

#include "steps.gen.h"

namespace init {

// Mapped, not allocated: there may be a hundred thousand, and mostly there are ten.
class Pointers {
 public:
  // `first` is put before the list when it is not null.
  explicit Pointers(const steps::Strings &list, const char *first = nullptr) {
    size_ = (static_cast<size_t>(list.count) + 2) * sizeof(char *);
    void *start = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return;
    items_ = static_cast<const char **>(start);
    size_t at = 0;
    if (first) items_[at++] = first;
    for (const char *text : list) items_[at++] = text;
  }
  Pointers(const Pointers &) = delete;
  Pointers &operator=(const Pointers &) = delete;
  ~Pointers() {
    if (items_) munmap(items_, size_);
  }

  // Ends in null. Null itself, with errno, when there was no memory.
  char **get() const { return const_cast<char **>(items_); }

 private:
  const char **items_ = nullptr;
  size_t size_;
};

}  // namespace init
