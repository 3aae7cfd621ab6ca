// Directories and names.
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "addon.h"

namespace addon {
namespace {

// False when the call says that there is nothing to do.
Napi::Value done_unless(const Napi::CallbackInfo &info, int result, int no_error, const char *syscall,
                        const std::string &path) {
  if (result < 0 && errno != no_error) return fail(info.Env(), errno, syscall, path);
  return Napi::Boolean::New(info.Env(), result == 0);
}

Napi::Value mkdir_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "mkdir");
  const std::string path = arguments.path(0);
  const uint32_t mode = arguments.number(1);
  if (!arguments.ok()) return arguments.refuse();
  return done_unless(info, mkdir(path.c_str(), mode), EEXIST, "mkdir", path);
}

Napi::Value rmdir_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "rmdir");
  const std::string path = arguments.path(0);
  if (!arguments.ok()) return arguments.refuse();
  return done_unless(info, rmdir(path.c_str()), ENOENT, "rmdir", path);
}

Napi::Value unlink_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "unlink");
  const std::string path = arguments.path(0);
  if (!arguments.ok()) return arguments.refuse();
  return done_unless(info, unlink(path.c_str()), ENOENT, "unlink", path);
}

Napi::Value rename_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "rename");
  const std::string from = arguments.path(0);
  const std::string to = arguments.path(1);
  if (!arguments.ok()) return arguments.refuse();
  if (rename(from.c_str(), to.c_str()) < 0) return fail(info.Env(), errno, "rename", from);
  return info.Env().Undefined();
}

Napi::Value readdir_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "readdir");
  const std::string path = arguments.path(0);
  if (!arguments.ok()) return arguments.refuse();
  const std::unique_ptr<DIR, int (*)(DIR *)> directory(opendir(path.c_str()), closedir);
  if (!directory) return fail(info.Env(), errno, "open", path);
  Napi::Array names = Napi::Array::New(info.Env());
  uint32_t count = 0;
  for (;;) {
    errno = 0;
    const struct dirent *entry = readdir(directory.get());
    if (!entry) break;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    names.Set(count++, Napi::String::New(info.Env(), entry->d_name));
  }
  if (errno) return fail(info.Env(), errno, "getdents64", path);
  return names;
}

// Of magic links too (/proc/PID/fd/N), whose lengths nobody knows before.
Napi::Value readlink_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "readlink");
  const std::string path = arguments.path(0);
  if (!arguments.ok()) return arguments.refuse();
  std::vector<char> text(PATH_MAX);
  const ssize_t length = readlink(path.c_str(), text.data(), text.size());
  if (length < 0) return fail(info.Env(), errno, "readlink", path);
  if (static_cast<size_t>(length) == text.size()) return fail(info.Env(), ENAMETOOLONG, "readlink", path);
  return Napi::String::New(info.Env(), text.data(), static_cast<size_t>(length));
}

Napi::Value chmod_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "chmod");
  const std::string path = arguments.path(0);
  const uint32_t mode = arguments.number(1);
  if (!arguments.ok()) return arguments.refuse();
  if (chmod(path.c_str(), mode) < 0) return fail(info.Env(), errno, "chmod", path);
  return info.Env().Undefined();
}

Napi::Value chown_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "chown");
  const std::string path = arguments.path(0);
  const uint32_t uid = arguments.number(1);
  const uint32_t gid = arguments.number(2);
  if (!arguments.ok()) return arguments.refuse();
  if (chown(path.c_str(), uid, gid) < 0) return fail(info.Env(), errno, "chown", path);
  return info.Env().Undefined();
}

}  // namespace

void add_paths(Napi::Object exports) {
  add<mkdir_>(exports, "mkdir");
  add<rmdir_>(exports, "rmdir");
  add<unlink_>(exports, "unlink");
  add<rename_>(exports, "rename");
  add<readdir_>(exports, "readdir");
  add<readlink_>(exports, "readlink");
  add<chmod_>(exports, "chmod");
  add<chown_>(exports, "chown");
}

}  // namespace addon
