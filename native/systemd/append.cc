// JavaScript values → a D-Bus message. See values.h.
#include <errno.h>
#include <math.h>
#include <string.h>

#include "values.h"

namespace systemd {
namespace {

// The specification lets containers nest 64 deep.
constexpr int kMaxDepth = 64;

int append(sd_bus_message *message, const std::string &type, Napi::Value value, int depth);

// The length of the complete type that a signature begins with; 0 when it is none.
size_t complete_type(const std::string &signature, size_t start) {
  size_t end = start;
  while (end < signature.size() && signature[end] == 'a') end++;
  if (end >= signature.size()) return 0;
  const char open = signature[end];
  if (open != '(' && open != '{') return end + 1 - start;
  int depth = 0;
  for (; end < signature.size(); end++) {
    if (signature[end] == '(' || signature[end] == '{') depth++;
    if ((signature[end] == ')' || signature[end] == '}') && --depth == 0) return end + 1 - start;
  }
  return 0;
}

int append_each(sd_bus_message *message, const std::string &signature, Napi::Value value, int depth) {
  if (!value.IsArray()) return -EINVAL;
  const Napi::Array values = value.As<Napi::Array>();
  uint32_t index = 0;
  for (size_t at = 0; at < signature.size();) {
    const size_t length = complete_type(signature, at);
    if (length == 0 || index >= values.Length()) return -EINVAL;
    const int result = append(message, signature.substr(at, length), values.Get(index++), depth);
    if (result < 0) return result;
    at += length;
  }
  return index == values.Length() ? 0 : -EINVAL;
}

int append_array(sd_bus_message *message, const std::string &element, Napi::Value value, int depth) {
  if (element == "y" && value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array) {
    const Napi::Uint8Array bytes = value.As<Napi::Uint8Array>();
    return sd_bus_message_append_array(message, 'y', bytes.Data(), bytes.ByteLength());
  }
  if (!value.IsArray()) return -EINVAL;
  const Napi::Array values = value.As<Napi::Array>();
  int result = sd_bus_message_open_container(message, 'a', element.c_str());
  for (uint32_t i = 0; result >= 0 && i < values.Length(); i++) result = append(message, element, values.Get(i), depth);
  return result < 0 ? result : sd_bus_message_close_container(message);
}

int append_variant(sd_bus_message *message, Napi::Value value, int depth) {
  if (!value.IsObject()) return -EINVAL;
  const Napi::Object variant = value.As<Napi::Object>();
  const Napi::Value type = variant.Get("signature");
  if (!type.IsString()) return -EINVAL;
  const std::string signature = type.As<Napi::String>();
  if (signature.empty() || complete_type(signature, 0) != signature.size()) return -EINVAL;
  int result = sd_bus_message_open_container(message, 'v', signature.c_str());
  if (result >= 0) result = append(message, signature, variant.Get("value"), depth);
  return result < 0 ? result : sd_bus_message_close_container(message);
}

// A number within bounds and without a fraction.
bool whole(Napi::Value value, double least, double most, double &number) {
  if (!value.IsNumber()) return false;
  number = value.As<Napi::Number>().DoubleValue();
  return number >= least && number <= most && trunc(number) == number;
}

template <typename Integer>
int append_integer(sd_bus_message *message, char type, Napi::Value value, double least, double most) {
  double number = 0;
  if (!whole(value, least, most, number)) return -EINVAL;
  const Integer exact = static_cast<Integer>(number);
  return sd_bus_message_append_basic(message, type, &exact);
}

int append_wide(sd_bus_message *message, char type, Napi::Value value) {
  constexpr double kMaxSafe = 9007199254740991.0;  // 2^53 - 1
  bool exact = false;
  uint64_t number = 0;
  double small = 0;
  if (value.IsBigInt()) {
    number = type == 't' ? value.As<Napi::BigInt>().Uint64Value(&exact)
                         : static_cast<uint64_t>(value.As<Napi::BigInt>().Int64Value(&exact));
  } else if (whole(value, type == 't' ? 0 : -kMaxSafe, kMaxSafe, small)) {
    exact = true;
    number = small < 0 ? static_cast<uint64_t>(static_cast<int64_t>(small)) : static_cast<uint64_t>(small);
  }
  return exact ? sd_bus_message_append_basic(message, type, &number) : -EINVAL;
}

int append_text(sd_bus_message *message, char type, Napi::Value value) {
  if (!value.IsString()) return -EINVAL;
  const std::string text = value.As<Napi::String>();
  // sd-bus would take what stands before a NUL.
  if (text.find('\0') != std::string::npos) return -EINVAL;
  return sd_bus_message_append_basic(message, type, text.c_str());
}

int append(sd_bus_message *message, const std::string &type, Napi::Value value, int depth) {
  if (depth > kMaxDepth) return -EINVAL;
  switch (type[0]) {
    case 'y':
      return append_integer<uint8_t>(message, 'y', value, 0, UINT8_MAX);
    case 'n':
      return append_integer<int16_t>(message, 'n', value, INT16_MIN, INT16_MAX);
    case 'q':
      return append_integer<uint16_t>(message, 'q', value, 0, UINT16_MAX);
    case 'i':
      return append_integer<int32_t>(message, 'i', value, INT32_MIN, INT32_MAX);
    case 'u':
      return append_integer<uint32_t>(message, 'u', value, 0, UINT32_MAX);
    case 'x':
    case 't':
      return append_wide(message, type[0], value);
    case 'b': {
      if (!value.IsBoolean()) return -EINVAL;
      const int truth = value.As<Napi::Boolean>().Value();
      return sd_bus_message_append_basic(message, 'b', &truth);
    }
    case 'd': {
      if (!value.IsNumber()) return -EINVAL;
      const double number = value.As<Napi::Number>().DoubleValue();
      return sd_bus_message_append_basic(message, 'd', &number);
    }
    case 's':
    case 'o':
    case 'g':
      return append_text(message, type[0], value);
    case 'v':
      return append_variant(message, value, depth + 1);
    case 'a':
      return append_array(message, type.substr(1), value, depth + 1);
    case '(':
    case '{': {
      const std::string inner = type.substr(1, type.size() - 2);
      int result = sd_bus_message_open_container(message, type[0] == '(' ? 'r' : 'e', inner.c_str());
      if (result >= 0) result = append_each(message, inner, value, depth + 1);
      return result < 0 ? result : sd_bus_message_close_container(message);
    }
    default:
      return -EINVAL;
  }
}

}  // namespace

int append_all(sd_bus_message *message, const std::string &signature, Napi::Array values) {
  return append_each(message, signature, values, 0);
}

}  // namespace systemd
