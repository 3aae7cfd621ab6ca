// make_user_namespace: a mapping of ids in the form that mount_setattr(2) takes, a user namespace. A
// child is born into one, its maps are written, the namespace is opened, and the child ends. The
// descriptor keeps the namespace.
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fd.h"
#include "handlers.h"
#include "procfs.h"
#include "syscalls.h"

namespace init {
namespace {

// Lives as long as the object, in a user namespace of its own.
class Inhabitant {
 public:
  bool start() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    UniqueFd wait_end(ends[0]);
    open_end_.reset(ends[1]);
    pid_ = static_cast<pid_t>(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    if (pid_ != 0) return pid_ > 0;
    open_end_.reset();
    char none;
    (void)!retry([&] { return read(wait_end.get(), &none, 1); });
    _exit(0);
  }
  ~Inhabitant() {
    int error = errno;
    open_end_.reset();
    if (pid_ > 0) retry([&] { return waitpid(pid_, nullptr, 0); });
    errno = error;
  }
  pid_t pid() const { return pid_; }

 private:
  UniqueFd open_end_;
  pid_t pid_ = -1;
};

bool write_map(Context &context, int proc, pid_t pid, const char *file, const char *map) {
  char path[64];
  snprintf(path, sizeof path, "%d/%s", pid, file);
  UniqueFd fd(open_proc_file(proc, path));
  if (!fd) return context.fail(errno, "open %s", file);
  return write_all_at_once(fd.get(), map) || context.fail(errno, "write %s", file);
}

}  // namespace

bool run(Context &context, const steps::MakeUserNamespace &step) {
  int proc = context.proc(false);
  if (proc < 0) return false;
  Inhabitant inhabitant;
  if (!inhabitant.start()) return context.fail(errno, "create a user namespace for the mapping of a mount");
  if (!write_map(context, proc, inhabitant.pid(), "uid_map", step.uid_map)) return false;
  if (!write_map(context, proc, inhabitant.pid(), "gid_map", step.gid_map)) return false;
  char path[64];
  snprintf(path, sizeof path, "%d/ns/user", inhabitant.pid());
  UniqueFd fd(openat(proc, path, O_RDONLY | O_CLOEXEC));
  if (!fd) return context.fail(errno, "open the user namespace for the mapping of a mount");
  MountSlot *slot = context.slot(step.slot);
  UniqueFd old(slot->fd);
  slot->fd = fd.release();
  return true;
}

}  // namespace init
