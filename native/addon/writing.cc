// Whole files in one call, and sealed memfds.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addon.h"
#include "memory_file.h"
#include "unique_fd.h"
#include "waiting.h"

namespace addon {
namespace {

struct Failure {
  int error = 0;
  const char *syscall = "";
};

// Out: 0, or the errno. A descriptor that is non-blocking is waited for: its O_NONBLOCK belongs to
// an open file that other processes may share.
int write_all(int fd, const std::string &data) {
  for (size_t done = 0; done < data.size();) {
    const ssize_t count = TEMP_FAILURE_RETRY(write(fd, data.data() + done, data.size() - done));
    if (count >= 0) {
      done += static_cast<size_t>(count);
    } else if (errno != EAGAIN || wait_for(fd, POLLOUT, -1) < 0) {
      return errno;
    }
  }
  return 0;
}

// A new file, or none at all.
Failure create_file(const std::string &path, const std::string &data, mode_t mode) {
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd fd(TEMP_FAILURE_RETRY(open(path.c_str(), flags, mode)));
  if (!fd.valid()) return {errno, "open"};
  if (const int error = write_all(fd.get(), data)) {
    unlink(path.c_str());
    return {error, "write"};
  }
  return {};
}

// One write(2), as files of proc and cgroups want it: each write is a command of its own.
Napi::Value write_file(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "writeFile");
  const std::string path = arguments.path(0);
  const std::string text = arguments.text(1);
  if (!arguments.ok()) return arguments.refuse();
  const UniqueFd fd(TEMP_FAILURE_RETRY(open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY)));
  if (!fd.valid()) return fail(info.Env(), errno, "open", path);
  // Writes to memory.limit_in_bytes and memory.max end with EINTR when a signal comes in.
  const ssize_t count = TEMP_FAILURE_RETRY(write(fd.get(), text.data(), text.size()));
  if (count < 0) return fail(info.Env(), errno, "write", path);
  if (static_cast<size_t>(count) != text.size()) return fail(info.Env(), EIO, "write", path);
  return info.Env().Undefined();
}

Napi::Value create_file(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "createFile");
  const std::string path = arguments.path(0);
  const std::string data = arguments.data(1);
  const uint32_t mode = arguments.number(2);
  if (!arguments.ok()) return arguments.refuse();
  const Failure failure = create_file(path, data, mode);
  if (failure.error) return fail(info.Env(), failure.error, failure.syscall, path);
  return info.Env().Undefined();
}

Napi::Value replace_file(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "replaceFile");
  const std::string path = arguments.path(0);
  const std::string data = arguments.data(1);
  const uint32_t mode = arguments.number(2);
  if (!arguments.ok()) return arguments.refuse();
  const size_t slash = path.rfind('/') + 1;  // npos + 1 is 0
  const std::string temporary = path.substr(0, slash) + "." + path.substr(slash) + "." + std::to_string(getpid());
  Failure failure = create_file(temporary, data, mode);
  // Left over by a process of this pid that was killed here.
  if (failure.error == EEXIST && unlink(temporary.c_str()) == 0) failure = create_file(temporary, data, mode);
  if (!failure.error && rename(temporary.c_str(), path.c_str()) < 0) {
    failure = {errno, "rename"};
    unlink(temporary.c_str());
  }
  if (failure.error) return fail(info.Env(), failure.error, failure.syscall, path);
  return info.Env().Undefined();
}

Napi::Value write_fd(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "writeFd");
  const int fd = arguments.integer(0);
  const std::string text = arguments.data(1);
  if (!arguments.ok()) return arguments.refuse();
  if (const int error = write_all(fd, text)) {
    return fail(info.Env(), error, "write", fd == STDOUT_FILENO ? "standard output" : "");
  }
  return info.Env().Undefined();
}

Napi::Value memfd(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "memfd");
  const std::string name = arguments.path(0);
  const std::string data = arguments.data(1);
  if (!arguments.ok()) return arguments.refuse();
  UniqueFd fd = data.empty() ? empty_memory_file(name.c_str(), MemoryFile::Data)
                             : make_memory_file(name.c_str(), MemoryFile::Data, data.data(), data.size());
  if (!fd.valid()) return fail(info.Env(), errno, "memfd_create", name);
  return Napi::Number::New(info.Env(), fd.release());
}

}  // namespace

void add_writing(Napi::Object exports) {
  add<write_file>(exports, "writeFile");
  add<create_file>(exports, "createFile");
  add<replace_file>(exports, "replaceFile");
  add<write_fd>(exports, "writeFd");
  add<memfd>(exports, "memfd");
}

}  // namespace addon
