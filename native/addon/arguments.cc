// Checked arguments: see addon.h.
#include <math.h>
#include <string.h>

#include "addon.h"

namespace addon {

void Arguments::wrong(const char *expected) {
  if (wrong_) return;
  wrong_ = expected;
  wrong_index_ = index_;
}

Napi::Value Arguments::refuse() const {
  const std::string text =
      std::string("addon: ") + function_ + ": argument " + std::to_string(wrong_index_ + 1) + " is not " + wrong_;
  Napi::TypeError::New(info_.Env(), text).ThrowAsJavaScriptException();
  return info_.Env().Undefined();
}

int Arguments::integer(Napi::Value value) {
  if (value.IsNumber()) {
    const double number = value.As<Napi::Number>().DoubleValue();
    if (number >= INT32_MIN && number <= INT32_MAX && trunc(number) == number) return static_cast<int>(number);
  }
  wrong("a 32-bit integer");
  return -1;
}

uint32_t Arguments::number(Napi::Value value) {
  if (value.IsNumber()) {
    const double number = value.As<Napi::Number>().DoubleValue();
    if (number >= 0 && number <= UINT32_MAX && trunc(number) == number) return static_cast<uint32_t>(number);
  }
  wrong("an unsigned 32-bit integer");
  return 0;
}

uint64_t Arguments::wide(Napi::Value value) {
  if (value.IsBigInt()) {
    bool exact = false;
    const uint64_t number = value.As<Napi::BigInt>().Uint64Value(&exact);
    if (exact) return number;
  } else if (value.IsNumber()) {
    constexpr double kMaxSafe = 9007199254740991.0;  // 2^53 - 1: above it a number has lost digits already
    const double number = value.As<Napi::Number>().DoubleValue();
    if (number >= 0 && number <= kMaxSafe && trunc(number) == number) return static_cast<uint64_t>(number);
  }
  wrong("an exact unsigned 64-bit integer");
  return 0;
}

bool Arguments::boolean(Napi::Value value) {
  if (value.IsBoolean()) return value.As<Napi::Boolean>().Value();
  wrong("a boolean");
  return false;
}

std::string Arguments::text(Napi::Value value) {
  if (value.IsString()) return value.As<Napi::String>().Utf8Value();
  wrong("a string");
  return std::string();
}

std::string Arguments::path(Napi::Value value) {
  std::string path = text(value);
  if (path.find('\0') != std::string::npos) wrong("a string without NUL");
  return path;
}

std::string Arguments::data(Napi::Value value) {
  if (value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array) {
    const Napi::Uint8Array bytes = value.As<Napi::Uint8Array>();
    return std::string(reinterpret_cast<const char *>(bytes.Data()), bytes.ByteLength());
  }
  if (value.IsString()) return value.As<Napi::String>().Utf8Value();
  wrong("a string or a Uint8Array");
  return std::string();
}

Napi::Array Arguments::array(Napi::Value value) {
  if (value.IsArray()) return value.As<Napi::Array>();
  wrong("an array");
  return Napi::Array::New(info_.Env());
}

std::vector<int> Arguments::integers(Napi::Value value) {
  const Napi::Array items = array(value);
  std::vector<int> numbers(items.Length());
  for (uint32_t i = 0; i < numbers.size(); i++) numbers[i] = integer(items.Get(i));
  return numbers;
}

int Arguments::integer(size_t index) {
  index_ = index;
  return integer(info_[index]);
}

uint32_t Arguments::number(size_t index) {
  index_ = index;
  return number(info_[index]);
}

bool Arguments::boolean(size_t index) {
  index_ = index;
  return boolean(info_[index]);
}

std::string Arguments::text(size_t index) {
  index_ = index;
  return text(info_[index]);
}

std::string Arguments::path(size_t index) {
  index_ = index;
  return path(info_[index]);
}

std::string Arguments::data(size_t index) {
  index_ = index;
  return data(info_[index]);
}

std::vector<int> Arguments::integers(size_t index) {
  index_ = index;
  return integers(info_[index]);
}

Napi::Object Arguments::object(size_t index) {
  index_ = index;
  const Napi::Value value = info_[index];
  if (value.IsObject()) return value.As<Napi::Object>();
  wrong("an object");
  return Napi::Object::New(info_.Env());
}

}  // namespace addon
