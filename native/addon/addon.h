// What every unit of the addon shares: registration, checked arguments, errors.
//
// A unit is one file with one subject and one function `add_SUBJECT`, listed in module.cc.
// TypeScript checks and words what users give; here an argument of a wrong type is a bug in
// runt and is refused before any system call is made with it.
#pragma once
#include <napi.h>
#include <stdint.h>

#include <string>
#include <vector>

namespace addon {

void add_text(Napi::Object exports);
void add_host(Napi::Object exports);
void add_descriptors(Napi::Object exports);
void add_events(Napi::Object exports);
void add_reading(Napi::Object exports);
void add_writing(Napi::Object exports);
void add_paths(Napi::Object exports);
void add_status(Napi::Object exports);
void add_tree(Napi::Object exports);
void add_processes(Napi::Object exports);
void add_spawn(Napi::Object exports);
void add_channel(Napi::Object exports);
void add_start_socket(Napi::Object exports);
void add_stream(Napi::Object exports);
void add_packets(Napi::Object exports);
void add_notify(Napi::Object exports);
void add_supervise(Napi::Object exports);
void add_terminal(Napi::Object exports);
void add_seccomp(Napi::Object exports);
void add_netlink(Napi::Object exports);
void add_bpf(Napi::Object exports);

template <Napi::Value (*function)(const Napi::CallbackInfo &)>
void add(Napi::Object exports, const char *name) {
  exports.Set(name, Napi::Function::New<function>(exports.Env(), name));
}

// Throws a NativeError (addon.d.ts) for a failed call; the value is what the function returns then.
// `detail`: what else the kernel said about it (the log of the BPF verifier).
Napi::Value fail(Napi::Env env, int error, const char *syscall, const std::string &path = std::string(),
                 const std::string &detail = std::string());

// The arguments of one call. Read them all, then ask ok() before acting.
class Arguments {
 public:
  Arguments(const Napi::CallbackInfo &info, const char *function) : info_(info), function_(function) {}

  int integer(size_t index);
  uint32_t number(size_t index);
  bool boolean(size_t index);
  std::string text(size_t index);
  // Text without NUL: the kernel would take a shorter path than the one that was checked.
  std::string path(size_t index);
  // A string's UTF-8 or the bytes of a Uint8Array.
  std::string data(size_t index);
  std::vector<int> integers(size_t index);
  Napi::Object object(size_t index);

  bool ok() const { return wrong_ == nullptr; }
  // Throws a TypeError that says which argument is not what.
  Napi::Value refuse() const;

  // The same readers for members of an object that came as an argument.
  int integer(Napi::Value value);
  uint32_t number(Napi::Value value);
  // A number or a BigInt, exactly.
  uint64_t wide(Napi::Value value);
  bool boolean(Napi::Value value);
  std::string text(Napi::Value value);
  std::string path(Napi::Value value);
  std::string data(Napi::Value value);
  std::vector<int> integers(Napi::Value value);
  Napi::Array array(Napi::Value value);

 private:
  void wrong(const char *expected);

  const Napi::CallbackInfo &info_;
  const char *function_;
  const char *wrong_ = nullptr;
  size_t index_ = 0;
  size_t wrong_index_ = 0;
};

}  // namespace addon
