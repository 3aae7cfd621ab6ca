// Steps about directories of the host: the cgroups that the container goes to.
#include <errno.h>
#include <fcntl.h>

#include "fd.h"
#include "handlers.h"
#include "procfs.h"

namespace init {

bool run(Context &context, const steps::JoinCgroup &step) {
  UniqueFd dir(retry([&] { return open(step.path, O_PATH | O_DIRECTORY | O_CLOEXEC); }));
  if (!dir) return context.fail(errno, "open cgroup %s", step.path);
  auto open_list = [&](const char *name) {
    return retry([&] { return openat(dir.get(), name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC); });
  };
  // v1's "tasks" moves one thread, which is all that there is of this process. Unlike cgroup.procs
  // it needs no lock on all thread groups, and so does not wait for an RCU grace period, which is
  // most of what joining costs (Linux 5.5).
  UniqueFd procs(open_list("tasks"));
  if (!procs && errno == ENOENT) procs.reset(open_list("cgroup.procs"));
  // "0" stands for the writer, so no pid has to be known in any namespace.
  if (!procs || !write_all_at_once(procs.get(), "0")) return context.fail(errno, "join cgroup %s", step.path);
  return true;
}

bool run(Context &context, const steps::OpenDirectory &step) {
  int access = step.readable ? O_RDONLY : O_PATH;
  UniqueFd fd(retry([&] { return open(step.path, access | O_DIRECTORY | O_CLOEXEC); }));
  if (!fd) return context.fail(errno, "open directory %s", step.path);
  MountSlot *slot = context.slot(step.slot);
  UniqueFd old(slot->fd);
  slot->fd = fd.release();
  return true;
}

}  // namespace init
