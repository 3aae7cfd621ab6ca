// One connection to a D-Bus, and the signals that have come over it.
#pragma once
#include <stdint.h>
#include <systemd/sd-bus.h>

#include <deque>
#include <memory>
#include <string>

namespace systemd {

struct MessageDeleter {
  void operator()(sd_bus_message *message) const { sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, MessageDeleter>;

class Connection {
 public:
  Connection() = default;
  Connection(const Connection &) = delete;
  Connection &operator=(const Connection &) = delete;
  ~Connection() { close(); }

  // All return a negative errno on failure, as sd-bus does.

  // An empty address is the system bus. `peer`: a service's own socket, with no bus in between.
  int open(const std::string &address, bool peer);
  // From now on signals that match are kept until next_signal asks for them.
  int add_match(const std::string &rule);
  // The oldest signal that is kept, or the next one; empty when none came in time.
  int next_signal(uint64_t timeout_ms, Message &signal);
  void close();

  sd_bus *get() const { return bus_; }

 private:
  static int keep(sd_bus_message *message, void *self, sd_bus_error *error);

  sd_bus *bus_ = nullptr;
  std::deque<Message> signals_;
};

}  // namespace systemd
