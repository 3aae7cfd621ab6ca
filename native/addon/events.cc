// Waiting for several things at once: eventfds, cgroup files, pidfds.
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "addon.h"

namespace addon {
namespace {

// What happened on each descriptor. A signal ends the wait early, as if the time were over: the callers
// wait in rounds and look at the clock themselves.
Napi::Value poll_all(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "pollAll");
  const std::vector<int> fds = arguments.integers(0);
  const std::vector<int> events = arguments.integers(1);
  const int timeout = arguments.integer(2);
  if (!arguments.ok()) return arguments.refuse();
  if (fds.size() != events.size()) return fail(info.Env(), EINVAL, "poll");
  std::vector<pollfd> waited(fds.size());
  for (size_t i = 0; i < fds.size(); i++) waited[i] = {fds[i], static_cast<short>(events[i]), 0};
  if (poll(waited.data(), waited.size(), timeout) < 0 && errno != EINTR) return fail(info.Env(), errno, "poll");
  Napi::Array happened = Napi::Array::New(info.Env(), waited.size());
  for (size_t i = 0; i < waited.size(); i++) {
    if (waited[i].revents & POLLNVAL) return fail(info.Env(), EBADF, "poll");
    happened.Set(static_cast<uint32_t>(i), Napi::Number::New(info.Env(), waited[i].revents));
  }
  return happened;
}

Napi::Value make_eventfd(const Napi::CallbackInfo &info) {
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return fail(info.Env(), errno, "eventfd");
  return Napi::Number::New(info.Env(), fd);
}

// How often it was signalled since the last time; 0: not at all.
Napi::Value read_eventfd(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "readEventfd");
  const int fd = arguments.integer(0);
  if (!arguments.ok()) return arguments.refuse();
  uint64_t count = 0;
  if (TEMP_FAILURE_RETRY(read(fd, &count, sizeof count)) < 0) {
    if (errno != EAGAIN) return fail(info.Env(), errno, "read");
    count = 0;
  }
  return Napi::Number::New(info.Env(), static_cast<double>(count));
}

}  // namespace

void add_events(Napi::Object exports) {
  add<poll_all>(exports, "pollAll");
  add<make_eventfd>(exports, "eventfd");
  add<read_eventfd>(exports, "readEventfd");
}

}  // namespace addon
