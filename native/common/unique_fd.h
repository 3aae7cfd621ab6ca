// A descriptor that is closed when its owner goes. For the addon and runt-init alike.
#pragma once
#include <errno.h>
#include <unistd.h>

namespace native {

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
  bool valid() const { return fd_ >= 0; }
  explicit operator bool() const { return valid(); }

  // Hands the descriptor on: the caller closes it.
  int release() {
    int fd = fd_;
    fd_ = -1;
    return fd;
  }

  // Keeps errno: it is used on the way out of a failure.
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

}  // namespace native
