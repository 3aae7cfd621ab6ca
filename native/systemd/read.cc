// A D-Bus message → JavaScript values. See values.h.
#include <errno.h>
#include <string.h>

#include "values.h"

namespace systemd {
namespace {

int read_each(Napi::Env env, sd_bus_message *message, Napi::Array &values);

template <typename Number>
int read_number(Napi::Env env, sd_bus_message *message, char type, Napi::Value &value) {
  Number number = 0;
  const int result = sd_bus_message_read_basic(message, type, &number);
  value = Napi::Number::New(env, static_cast<double>(number));
  return result;
}

int read_wide(Napi::Env env, sd_bus_message *message, char type, Napi::Value &value) {
  uint64_t number = 0;
  const int result = sd_bus_message_read_basic(message, type, &number);
  if (type == 't') {
    value = Napi::BigInt::New(env, number);
  } else {
    value = Napi::BigInt::New(env, static_cast<int64_t>(number));
  }
  return result;
}

int read_basic(Napi::Env env, sd_bus_message *message, char type, Napi::Value &value) {
  switch (type) {
    case 'y':
      return read_number<uint8_t>(env, message, type, value);
    case 'n':
      return read_number<int16_t>(env, message, type, value);
    case 'q':
      return read_number<uint16_t>(env, message, type, value);
    case 'i':
      return read_number<int32_t>(env, message, type, value);
    case 'u':
      return read_number<uint32_t>(env, message, type, value);
    case 'd':
      return read_number<double>(env, message, type, value);
    case 'x':
    case 't':
      return read_wide(env, message, type, value);
    case 'b': {
      int truth = 0;
      const int result = sd_bus_message_read_basic(message, type, &truth);
      value = Napi::Boolean::New(env, truth != 0);
      return result;
    }
    case 's':
    case 'o':
    case 'g': {
      const char *text = nullptr;
      const int result = sd_bus_message_read_basic(message, type, &text);
      value = Napi::String::New(env, text ? text : "");
      return result;
    }
    default:
      return -EOPNOTSUPP;
  }
}

int read_container(Napi::Env env, sd_bus_message *message, char type, const char *contents, Napi::Value &value) {
  if (type == 'a' && strcmp(contents, "y") == 0) {
    const void *data = nullptr;
    size_t size = 0;
    const int result = sd_bus_message_read_array(message, 'y', &data, &size);
    if (result < 0) return result;
    Napi::Uint8Array bytes = Napi::Uint8Array::New(env, size);
    if (size) memcpy(bytes.Data(), data, size);
    value = bytes;
    return result;
  }
  // The string belongs to the message and goes when it is entered.
  const std::string signature = contents;
  int result = sd_bus_message_enter_container(message, type, signature.c_str());
  if (result < 0) return result;
  Napi::Array values = Napi::Array::New(env);
  result = read_each(env, message, values);
  if (result < 0) return result;
  if (type == 'v') {
    Napi::Object variant = Napi::Object::New(env);
    variant.Set("signature", signature);
    variant.Set("value", values.Get(uint32_t{0}));
    value = variant;
  } else {
    value = values;
  }
  return sd_bus_message_exit_container(message);
}

// Up to the end of the container, or of the message.
int read_each(Napi::Env env, sd_bus_message *message, Napi::Array &values) {
  for (uint32_t index = 0;; index++) {
    char type = 0;
    const char *contents = nullptr;
    int result = sd_bus_message_peek_type(message, &type, &contents);
    if (result <= 0) return result;
    Napi::Value value = env.Undefined();
    result = contents ? read_container(env, message, type, contents, value) : read_basic(env, message, type, value);
    if (result < 0) return result;
    values.Set(index, value);
  }
}

}  // namespace

int read_all(Napi::Env env, sd_bus_message *message, Napi::Array &values) { return read_each(env, message, values); }

}  // namespace systemd
