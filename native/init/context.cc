#include "context.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>

#include "channel.h"
#include "fd.h"
#include "procfs.h"

namespace init {
namespace {

// Descriptors besides the slots: stdio, channel, root, procfs, and what a step opens for itself.
constexpr rlim_t kOwnFiles = 64;

// Of the failure. Not a member: all of the Context would lie in zero bytes of the file.
char failure_text[8192];

}  // namespace

const char *Context::text() const { return failure_text; }

void Context::make_slots(uint32_t count) {
  // Zero pages that the file doesn't hold and that only what is used of them costs memory.
  alignas(MountSlot) static unsigned char room[steps::kMaxSlots * sizeof(MountSlot)];
  slots = reinterpret_cast<MountSlot *>(room);
  for (; slot_count < count; ++slot_count) slots[slot_count] = MountSlot();
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= count + kOwnFiles) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

bool Context::fail(int error, const char *format, ...) {
  error_ = error;
  va_list arguments;
  va_start(arguments, format);
  // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): clang-tidy 14 forgets va_start from its second file on
  vsnprintf(failure_text, sizeof failure_text, format, arguments);
  va_end(arguments);
  return false;
}

void Context::warn(int error, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): clang-tidy 14 forgets va_start from its second file on
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  // An engine that has gone is noticed by the next sync; a warning alone is no reason to end.
  send_message(*this, steps::Message::Warning, error, text, -1);
}

int Context::proc(bool whole) {
  if (proc_whole_ >= 0) return proc_whole_;
  if (!whole && proc_pid_ >= 0) return proc_pid_;
  int fd = open_private_procfs(!whole);
  if (fd < 0) {
    fail(errno, "open a private procfs");
    return -1;
  }
  (whole ? proc_whole_ : proc_pid_) = fd;
  return fd;
}

void Context::close_proc() {
  UniqueFd pid(proc_pid_), whole(proc_whole_);
  proc_pid_ = proc_whole_ = -1;
}

}  // namespace init
