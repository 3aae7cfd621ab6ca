// This process and this machine: ids, capabilities, names, clock.
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <memory>

#include "addon.h"

namespace addon {
namespace {

Napi::Value exit_process(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "exit");
  const int status = arguments.integer(0);
  if (!arguments.ok()) return arguments.refuse();
  _exit(status);
}

Napi::Value getpid_(const Napi::CallbackInfo &info) { return Napi::Number::New(info.Env(), getpid()); }
Napi::Value geteuid_(const Napi::CallbackInfo &info) { return Napi::Number::New(info.Env(), geteuid()); }
Napi::Value getegid_(const Napi::CallbackInfo &info) { return Napi::Number::New(info.Env(), getegid()); }

Napi::Value cwd(const Napi::CallbackInfo &info) {
  char buffer[PATH_MAX];
  if (!getcwd(buffer, sizeof buffer)) return fail(info.Env(), errno, "getcwd");
  // The kernel says "(unreachable)/…" for a directory outside of our root.
  if (buffer[0] != '/') return fail(info.Env(), ENOENT, "getcwd");
  return Napi::String::New(info.Env(), buffer);
}

Napi::Value umask_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "umask");
  const uint32_t mask = arguments.number(0);
  if (!arguments.ok()) return arguments.refuse();
  return Napi::Number::New(info.Env(), umask(mask));
}

Napi::Value permitted_capabilities(const Napi::CallbackInfo &info) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, data) < 0) return fail(info.Env(), errno, "capget");
  return Napi::BigInt::New(info.Env(), static_cast<uint64_t>(data[1].permitted) << 32 | data[0].permitted);
}

// Only the right is asked for: pivot_root(2) looks at it before it looks at its arguments.
Napi::Value may_mount(const Napi::CallbackInfo &info) {
  return Napi::Boolean::New(info.Env(), syscall(SYS_pivot_root, nullptr, nullptr) == 0 || errno != EPERM);
}

Napi::Value uname_(const Napi::CallbackInfo &info) {
  struct utsname names;
  if (uname(&names) < 0) return fail(info.Env(), errno, "uname");
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("sysname", Napi::String::New(info.Env(), names.sysname));
  result.Set("release", Napi::String::New(info.Env(), names.release));
  result.Set("machine", Napi::String::New(info.Env(), names.machine));
  return result;
}

Napi::Value isatty_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "isatty");
  const int fd = arguments.integer(0);
  if (!arguments.ok()) return arguments.refuse();
  return Napi::Boolean::New(info.Env(), isatty(fd) == 1);
}

Napi::Value now(const Napi::CallbackInfo &info) {
  struct timespec time;
  if (clock_gettime(CLOCK_REALTIME, &time) < 0) return fail(info.Env(), errno, "clock_gettime");
  return Napi::BigInt::New(info.Env(), static_cast<int64_t>(time.tv_sec) * 1000000000 + time.tv_nsec);
}

// Not getpwuid(3): it loads name service plugins into this process, and they may ask the network.
Napi::Value user_name(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "userName");
  const uint32_t uid = arguments.number(0);
  if (!arguments.ok()) return arguments.refuse();
  const std::unique_ptr<FILE, int (*)(FILE *)> file(fopen("/etc/passwd", "re"), fclose);
  if (!file) {
    if (errno == ENOENT) return info.Env().Null();
    return fail(info.Env(), errno, "open", "/etc/passwd");
  }
  Napi::Value found = info.Env().Null();
  char *line = nullptr;
  size_t room = 0;
  const std::string wanted = std::to_string(uid);
  while (getline(&line, &room, file.get()) > 0) {
    // name:password:uid:gid:…
    const char *password = strchr(line, ':');
    const char *number = password ? strchr(password + 1, ':') : nullptr;
    if (!number || password == line) continue;
    number++;
    if (strncmp(number, wanted.c_str(), wanted.size()) != 0 || number[wanted.size()] != ':') continue;
    found = Napi::String::New(info.Env(), line, password - line);
    break;
  }
  free(line);
  return found;
}

}  // namespace

void add_host(Napi::Object exports) {
  add<exit_process>(exports, "exit");
  add<getpid_>(exports, "getpid");
  add<geteuid_>(exports, "geteuid");
  add<getegid_>(exports, "getegid");
  add<cwd>(exports, "cwd");
  add<umask_>(exports, "umask");
  add<permitted_capabilities>(exports, "permittedCapabilities");
  add<may_mount>(exports, "mayMount");
  add<uname_>(exports, "uname");
  add<isatty_>(exports, "isatty");
  add<now>(exports, "now");
  add<user_name>(exports, "userName");
}

}  // namespace addon
