// Descriptors: opening, closing, locking, waiting. Every one is close-on-exec.
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "addon.h"
#include "waiting.h"

namespace addon {

namespace {

int64_t monotonic_ms() {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1000000;
}

}  // namespace

int wait_for(int fd, short events, int timeout_ms) {
  const int64_t end = timeout_ms > 0 ? monotonic_ms() + timeout_ms : 0;
  for (int left = timeout_ms;;) {
    struct pollfd waited = {fd, events, 0};
    const int count = poll(&waited, 1, left);
    if (count > 0) return waited.revents;
    if (count == 0) return 0;
    if (errno != EINTR) return -1;
    if (timeout_ms > 0) {
      const int64_t rest = end - monotonic_ms();
      left = rest > 0 ? static_cast<int>(rest) : 0;
    }
  }
}

namespace {

Napi::Value open_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "open");
  const std::string path = arguments.path(0);
  const int flags = arguments.integer(1);
  const uint32_t mode = arguments.number(2);
  if (!arguments.ok()) return arguments.refuse();
  const int fd = TEMP_FAILURE_RETRY(open(path.c_str(), flags | O_CLOEXEC, mode));
  if (fd < 0) return fail(info.Env(), errno, "open", path);
  return Napi::Number::New(info.Env(), fd);
}

// -1 stands for "none" all over the addon: closing it is no error.
Napi::Value close_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "close");
  const int fd = arguments.integer(0);
  if (!arguments.ok()) return arguments.refuse();
  // No retry after EINTR: on Linux the descriptor is free by then.
  if (fd != -1 && close(fd) < 0 && errno != EINTR) return fail(info.Env(), errno, "close");
  return info.Env().Undefined();
}

Napi::Value lock(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "lock");
  const int fd = arguments.integer(0);
  const bool wait = arguments.boolean(1);
  if (!arguments.ok()) return arguments.refuse();
  if (TEMP_FAILURE_RETRY(flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB))) < 0) {
    if (errno == EWOULDBLOCK) return Napi::Boolean::New(info.Env(), false);
    return fail(info.Env(), errno, "flock");
  }
  return Napi::Boolean::New(info.Env(), true);
}

Napi::Value poll_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "poll");
  const int fd = arguments.integer(0);
  const int events = arguments.integer(1);
  const int timeout = arguments.integer(2);
  if (!arguments.ok()) return arguments.refuse();
  const int happened = wait_for(fd, static_cast<short>(events), timeout);
  if (happened < 0) return fail(info.Env(), errno, "poll");
  if (happened & POLLNVAL) return fail(info.Env(), EBADF, "poll");
  return Napi::Boolean::New(info.Env(), happened != 0);
}

Napi::Value sleep_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "sleep");
  const uint32_t ms = arguments.number(0);
  if (!arguments.ok()) return arguments.refuse();
  struct timespec left = {static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000) * 1000000};
  while (nanosleep(&left, &left) < 0 && errno == EINTR) continue;
  return info.Env().Undefined();
}

}  // namespace

void add_descriptors(Napi::Object exports) {
  add<open_>(exports, "open");
  add<close_>(exports, "close");
  add<lock>(exports, "lock");
  add<poll_>(exports, "poll");
  add<sleep_>(exports, "sleep");
}

}  // namespace addon
