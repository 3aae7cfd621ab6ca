// A descriptor that is closed when its owner goes, and the loop that every call needs which a
// signal may interrupt.
#pragma once
#include <errno.h>
#include <unistd.h>

namespace init {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd &&other) noexcept : fd_(other.release()) {}
  UniqueFd &operator=(UniqueFd &&other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd &) = delete;
  UniqueFd &operator=(const UniqueFd &) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

  int release() {
    int fd = fd_;
    fd_ = -1;
    return fd;
  }

  // Keeps errno: it is used on the way out of a failed step.
  void reset(int fd = -1) {
    if (fd_ >= 0) {
      int error = errno;
      close(fd_);  // Linux frees the descriptor even on EINTR: never repeated.
      errno = error;
    }
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

// Calls until it is not interrupted by a signal.
template <typename Call>
auto retry(Call &&call) -> decltype(call()) {
  decltype(call()) result;
  do {
    result = call();
  } while (result == -1 && errno == EINTR);
  return result;
}

}  // namespace init
