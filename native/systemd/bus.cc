// See bus.h.
#include "bus.h"

#include <errno.h>
#include <time.h>

namespace systemd {
namespace {

uint64_t now_us() {
  struct timespec time = {};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000 + static_cast<uint64_t>(time.tv_nsec) / 1000;
}

}  // namespace

int Connection::open(const std::string &address, bool peer) {
  if (address.empty()) return sd_bus_open_system(&bus_);
  int result = sd_bus_new(&bus_);
  if (result >= 0) result = sd_bus_set_address(bus_, address.c_str());
  // Without it no Hello is sent, which only a bus understands.
  if (result >= 0) result = sd_bus_set_bus_client(bus_, !peer);
  if (result >= 0) result = sd_bus_start(bus_);
  return result;
}

int Connection::keep(sd_bus_message *message, void *self, sd_bus_error *) {
  static_cast<Connection *>(self)->signals_.emplace_back(sd_bus_message_ref(message));
  return 0;
}

int Connection::add_match(const std::string &rule) { return sd_bus_add_match(bus_, nullptr, rule.c_str(), keep, this); }

int Connection::next_signal(uint64_t timeout_ms, Message &signal) {
  const uint64_t deadline = now_us() + timeout_ms * 1000;
  while (signals_.empty()) {
    int result = sd_bus_process(bus_, nullptr);
    if (result < 0) return result;
    if (result > 0) continue;
    const uint64_t now = now_us();
    if (now >= deadline) return 0;
    result = sd_bus_wait(bus_, deadline - now);
    if (result < 0 && result != -EINTR) return result;
  }
  signal = std::move(signals_.front());
  signals_.pop_front();
  return 0;
}

void Connection::close() {
  signals_.clear();
  if (bus_) sd_bus_flush_close_unref(bus_);
  bus_ = nullptr;
}

}  // namespace systemd
