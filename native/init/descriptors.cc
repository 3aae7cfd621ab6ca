// The step that keeps descriptors of runt and its caller from the container.
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"
#include "handlers.h"
#include "procfs.h"
#include "syscalls.h"

namespace init {
namespace {

// How far to go when the open descriptors can't be listed. main() has closed all that runt-init
// was not meant to have, so what is left has low numbers.
constexpr unsigned kLastTried = 65535;

// As the kernel fills a buffer of getdents64(2).
struct Entry {
  uint64_t inode;
  int64_t next;
  uint16_t size;
  uint8_t type;
  char name[];
};

// Marks every open descriptor from `first` on, as /proc lists them. False with errno.
bool mark_listed(int proc, unsigned first) {
  UniqueFd dir(openat(proc, "self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir) return false;
  alignas(Entry) char buffer[2048];
  long size;
  while ((size = syscall(SYS_getdents64, dir.get(), buffer, sizeof buffer)) > 0) {
    for (long at = 0; at < size;) {
      const Entry *entry = reinterpret_cast<const Entry *>(buffer + at);
      at += entry->size;
      if (entry->name[0] < '0' || entry->name[0] > '9') continue;
      int fd = atoi(entry->name);
      if (static_cast<unsigned>(fd) >= first) fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
  }
  return size == 0;
}

}  // namespace

bool run(Context &context, const steps::CloseDescriptors &step) {
  if (sys_close_range(step.first, ~0u, CLOSE_RANGE_CLOEXEC) == 0) return true;
  // ENOSYS before Linux 5.9, EINVAL before 5.11, which brought the flag.
  if (errno != ENOSYS && errno != EINVAL && errno != EPERM)
    return context.fail(errno, "mark descriptors close-on-exec");
  int proc = context.proc(false);
  if (proc >= 0 && mark_listed(proc, step.first)) return true;
  for (unsigned fd = step.first; fd <= kLastTried; ++fd) fcntl(static_cast<int>(fd), F_SETFD, FD_CLOEXEC);
  return true;
}

}  // namespace init
