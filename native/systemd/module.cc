// The second addon: a small D-Bus client on libsystemd's sd-bus. Loaded only by commands that talk to
// systemd, so that nobody else pays for libsystemd. src/host/systemd-addon.d.ts says what it has.
#include <errno.h>

#include "../addon/addon.h"
#include "../addon/text.h"
#include "bus.h"
#include "values.h"

namespace systemd {
namespace {

using addon::Arguments;
using addon::fail;

using Bus = Napi::External<Connection>;

// The error of the other side, with its D-Bus name; `error` is what sd-bus makes of it.
Napi::Value fail_call(Napi::Env env, int error, const std::string &member, const sd_bus_error &bus_error) {
  const std::string said = bus_error.message ? bus_error.message : addon::error_text(error);
  Napi::Error thrown = Napi::Error::New(env, member + ": " + said);
  thrown.Set("errno", Napi::Number::New(env, error));
  thrown.Set("code", Napi::String::New(env, addon::error_name(error)));
  thrown.Set("syscall", Napi::String::New(env, member));
  thrown.Set("detail", Napi::String::New(env, said));
  if (bus_error.name) thrown.Set("busError", Napi::String::New(env, bus_error.name));
  thrown.ThrowAsJavaScriptException();
  return env.Undefined();
}

Connection *connection(const Napi::CallbackInfo &info) {
  if (!info[0].IsExternal()) return nullptr;
  Connection *found = info[0].As<Bus>().Data();
  return found && found->get() ? found : nullptr;
}

Napi::Value connect(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "connect");
  const std::string address = arguments.path(0);
  const bool peer = arguments.boolean(1);
  if (!arguments.ok()) return arguments.refuse();
  auto bus = std::make_unique<Connection>();
  const int result = bus->open(address, peer);
  if (result < 0) return fail(info.Env(), -result, "connect to D-Bus", address.empty() ? "system" : address);
  return Bus::New(info.Env(), bus.release(), [](Napi::Env, Connection *gone) { delete gone; });
}

Napi::Value close(const Napi::CallbackInfo &info) {
  if (Connection *bus = connection(info)) bus->close();
  return info.Env().Undefined();
}

Napi::Value call(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "call");
  Connection *bus = connection(info);
  const std::string path = arguments.path(1);
  const std::string interface = arguments.path(2);
  const std::string member = arguments.path(3);
  const std::string signature = arguments.path(4);
  const uint32_t timeout_ms = arguments.number(6);
  if (!arguments.ok()) return arguments.refuse();
  if (!bus) return fail(info.Env(), ENOTCONN, member.c_str());
  if (!info[5].IsArray()) return fail(info.Env(), EINVAL, member.c_str(), "arguments");

  sd_bus_message *made = nullptr;
  int result = sd_bus_message_new_method_call(bus->get(), &made, "org.freedesktop.systemd1", path.c_str(),
                                              interface.c_str(), member.c_str());
  const Message message(made);
  if (result >= 0) result = append_all(made, signature, info[5].As<Napi::Array>());
  if (result < 0) return fail(info.Env(), -result, member.c_str(), "a call of signature " + signature);

  sd_bus_error error = SD_BUS_ERROR_NULL;
  sd_bus_message *answer = nullptr;
  result = sd_bus_call(bus->get(), made, uint64_t{timeout_ms} * 1000, &error, &answer);
  const Message reply(answer);
  Napi::Value values = info.Env().Undefined();
  if (result < 0) {
    values = fail_call(info.Env(), -result, member, error);
  } else {
    Napi::Array read = Napi::Array::New(info.Env());
    result = read_all(info.Env(), answer, read);
    values = result < 0 ? fail(info.Env(), -result, member.c_str(), "its answer") : read;
  }
  sd_bus_error_free(&error);
  return values;
}

Napi::Value add_match(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "addMatch");
  Connection *bus = connection(info);
  const std::string rule = arguments.path(1);
  if (!arguments.ok()) return arguments.refuse();
  const int result = bus ? bus->add_match(rule) : -ENOTCONN;
  if (result < 0) return fail(info.Env(), -result, "AddMatch", rule);
  return info.Env().Undefined();
}

Napi::Value next_signal(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "nextSignal");
  Connection *bus = connection(info);
  const uint32_t timeout_ms = arguments.number(1);
  if (!arguments.ok()) return arguments.refuse();
  Message signal;
  int result = bus ? bus->next_signal(timeout_ms, signal) : -ENOTCONN;
  if (result < 0) return fail(info.Env(), -result, "wait for a signal of D-Bus");
  if (!signal) return info.Env().Null();
  Napi::Array values = Napi::Array::New(info.Env());
  result = read_all(info.Env(), signal.get(), values);
  if (result < 0) return fail(info.Env(), -result, "read a signal of D-Bus");
  return values;
}

Napi::Object initialize(Napi::Env, Napi::Object exports) {
  addon::add<connect>(exports, "connect");
  addon::add<close>(exports, "close");
  addon::add<call>(exports, "call");
  addon::add<add_match>(exports, "addMatch");
  addon::add<next_signal>(exports, "nextSignal");
  return exports;
}

}  // namespace
}  // namespace systemd

static Napi::Object initialize(Napi::Env env, Napi::Object exports) { return systemd::initialize(env, exports); }
NODE_API_MODULE(systemd, initialize)
