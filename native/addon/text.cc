// Error numbers in words, and the NativeError that every failed system call becomes.
#include "text.h"

#include <ctype.h>
#include <string.h>

#include "addon.h"

namespace addon {

std::string error_text(int error) {
  // Not strerror(): it translates, and people search logs for these texts. (glibc 2.32)
  const char *known = strerrordesc_np(error);
  std::string text = known ? known : "error " + std::to_string(error);
  text[0] = static_cast<char>(tolower(static_cast<unsigned char>(text[0])));
  return text;
}

std::string error_name(int error) {
  const char *name = strerrorname_np(error);
  return name ? name : "E" + std::to_string(error);
}

Napi::Value fail(Napi::Env env, int error, const char *syscall, const std::string &path, const std::string &detail) {
  const std::string text = std::string(syscall) + (path.empty() ? "" : " " + path) + ": " + error_text(error);
  Napi::Error thrown = Napi::Error::New(env, text);
  thrown.Set("errno", Napi::Number::New(env, error));
  thrown.Set("code", Napi::String::New(env, error_name(error)));
  thrown.Set("syscall", Napi::String::New(env, syscall));
  if (!path.empty()) thrown.Set("path", Napi::String::New(env, path));
  if (!detail.empty()) thrown.Set("detail", Napi::String::New(env, detail));
  thrown.ThrowAsJavaScriptException();
  return env.Undefined();
}

namespace {

Napi::Value strerror(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "strerror");
  const int error = arguments.integer(0);
  if (!arguments.ok()) return arguments.refuse();
  return Napi::String::New(info.Env(), error_text(error));
}

}  // namespace

void add_text(Napi::Object exports) { add<strerror>(exports, "strerror"); }

}  // namespace addon
