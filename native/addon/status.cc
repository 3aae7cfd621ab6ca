// What a file is: stat(2) and its kin.
#include <errno.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "addon.h"

namespace addon {
namespace {

Napi::Value describe(Napi::Env env, const struct stat &status) {
  Napi::Object result = Napi::Object::New(env);
  const auto set = [&](const char *name, double value) { result.Set(name, Napi::Number::New(env, value)); };
  set("mode", status.st_mode);
  set("uid", status.st_uid);
  set("gid", status.st_gid);
  set("size", static_cast<double>(status.st_size));
  set("dev", static_cast<double>(status.st_dev));
  set("rdev", static_cast<double>(status.st_rdev));
  set("ino", static_cast<double>(status.st_ino));
  set("mtime", static_cast<double>(status.st_mtim.tv_sec));
  return result;
}

template <int (*call)(const char *, struct stat *)>
Napi::Value stat_path(const Napi::CallbackInfo &info, const char *name) {
  Arguments arguments(info, name);
  const std::string path = arguments.path(0);
  if (!arguments.ok()) return arguments.refuse();
  struct stat status;
  if (call(path.c_str(), &status) == 0) return describe(info.Env(), status);
  if (errno == ENOENT || errno == ENOTDIR) return info.Env().Null();
  return fail(info.Env(), errno, name, path);
}

Napi::Value stat_(const Napi::CallbackInfo &info) { return stat_path<stat>(info, "stat"); }
Napi::Value lstat_(const Napi::CallbackInfo &info) { return stat_path<lstat>(info, "lstat"); }

Napi::Value fstat_(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "fstat");
  const int fd = arguments.integer(0);
  if (!arguments.ok()) return arguments.refuse();
  struct stat status;
  if (fstat(fd, &status) < 0) return fail(info.Env(), errno, "fstat");
  return describe(info.Env(), status);
}

Napi::Value filesystem_type(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "filesystemType");
  const std::string path = arguments.path(0);
  if (!arguments.ok()) return arguments.refuse();
  struct statfs status;
  if (TEMP_FAILURE_RETRY(statfs(path.c_str(), &status)) == 0) {
    return Napi::Number::New(info.Env(), static_cast<uint32_t>(status.f_type));
  }
  if (errno == ENOENT || errno == ENOTDIR) return info.Env().Null();
  return fail(info.Env(), errno, "statfs", path);
}

// One of the short attributes that mark files for the kernel ("y" for an opaque overlay directory). Of the
// path itself: what a container put into its layer may be a symlink to a file of the host.
Napi::Value extended_attribute(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "getxattr");
  const std::string path = arguments.path(0);
  const std::string name = arguments.path(1);
  if (!arguments.ok()) return arguments.refuse();
  char value[256];
  const ssize_t size = lgetxattr(path.c_str(), name.c_str(), value, sizeof value);
  if (size >= 0) return Napi::String::New(info.Env(), value, static_cast<size_t>(size));
  // EPERM: trusted.* without CAP_SYS_ADMIN, which then nobody here could have set.
  if (errno == ENODATA || errno == ENOENT || errno == ENOTDIR || errno == EOPNOTSUPP || errno == EPERM) {
    return info.Env().Null();
  }
  return fail(info.Env(), errno, "lgetxattr", path);
}

}  // namespace

void add_status(Napi::Object exports) {
  add<stat_>(exports, "stat");
  add<lstat_>(exports, "lstat");
  add<fstat_>(exports, "fstat");
  add<filesystem_type>(exports, "filesystemType");
  add<extended_attribute>(exports, "getxattr");
}

}  // namespace addon
