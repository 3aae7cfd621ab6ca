// Whole files in one call.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addon.h"
#include "unique_fd.h"
#include "waiting.h"

namespace addon {
namespace {

// No document or kernel file comes near it. Without a limit a bundle whose config.json is a
// sparse file of 1 TB would take the machine's memory.
constexpr size_t kMaxFile = size_t{128} << 20;

// Reads until end of file. Small files (all of procfs and cgroups) need no allocation but their own.
// Out: 0, or the errno.
int read_all(int fd, std::string &contents) {
  char buffer[16384];
  for (;;) {
    const ssize_t count = TEMP_FAILURE_RETRY(read(fd, buffer, sizeof buffer));
    if (count < 0) {
      // A pipe whose writer takes its time, as in `exec --process <(…)`.
      if (errno == EAGAIN && wait_for(fd, POLLIN, -1) >= 0) continue;
      return errno;
    }
    if (count == 0) return 0;
    if (contents.size() + static_cast<size_t>(count) > kMaxFile) return EFBIG;
    contents.append(buffer, static_cast<size_t>(count));
  }
}

bool is_missing(int error) { return error == ENOENT || error == ENOTDIR || error == ESRCH; }

struct Failure {
  int error = 0;
  const char *syscall = "";
};

Failure read_path(const std::string &path, std::string &contents) {
  // O_NONBLOCK: a FIFO in the place of a file is an empty file, not a wait for ever.
  const UniqueFd fd(TEMP_FAILURE_RETRY(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)));
  if (!fd.valid()) return {errno, "open"};
  return {read_all(fd.get(), contents), "read"};
}

// The text or bytes of the file; null when it is not there and `optional`.
template <bool optional, bool bytes>
Napi::Value read_file(const Napi::CallbackInfo &info) {
  Arguments arguments(info, bytes ? "readBytesIfAny" : optional ? "readFileIfAny" : "readFile");
  const std::string path = arguments.path(0);
  if (!arguments.ok()) return arguments.refuse();
  std::string contents;
  const Failure failure = read_path(path, contents);
  if (failure.error) {
    if (optional && is_missing(failure.error)) return info.Env().Null();
    return fail(info.Env(), failure.error, failure.syscall, path);
  }
  if (!bytes) return Napi::String::New(info.Env(), contents);
  Napi::Uint8Array array = Napi::Uint8Array::New(info.Env(), contents.size());
  contents.copy(reinterpret_cast<char *>(array.Data()), contents.size());
  return array;
}

Napi::Value read_fd(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "readFd");
  const int fd = arguments.integer(0);
  if (!arguments.ok()) return arguments.refuse();
  std::string contents;
  if (const int error = read_all(fd, contents)) return fail(info.Env(), error, "read");
  return Napi::String::New(info.Env(), contents);
}

}  // namespace

void add_reading(Napi::Object exports) {
  add<read_file<false, false>>(exports, "readFile");
  add<read_file<true, false>>(exports, "readFileIfAny");
  add<read_file<true, true>>(exports, "readBytesIfAny");
  add<read_fd>(exports, "readFd");
}

}  // namespace addon
