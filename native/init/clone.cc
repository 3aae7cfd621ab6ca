// The step that makes the container's first process.
//
// runt-init's first process lives in the host's namespaces and ends here. The child is made with
// CLONE_PARENT, so that the engine is its parent and can wait for it. It goes on only when the
// engine has been told of it and it is in its cgroup: nothing that it does is then charged to
// the host, and no message of it overtakes the one that says who it is.
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include "channel.h"
#include "fd.h"
#include "handlers.h"
#include "procfs.h"
#include "syscalls.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

namespace init {
namespace {

// struct clone_args up to Linux 5.7; CLONE_ARGS_SIZE_VER0 ends before set_tid.
struct CloneArguments {
  uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
  uint64_t set_tid, set_tid_size, cgroup;
};
constexpr size_t kSizeWithoutCgroup = 64;

pid_t clone_with(uint64_t flags, int cgroup, int &pidfd) {
  CloneArguments arguments = {};
  arguments.flags = flags | CLONE_PARENT | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<uintptr_t>(&pidfd);
  // exit_signal stays 0: with CLONE_PARENT the child gets that of its parent, and clone3 refuses another.
  size_t size = kSizeWithoutCgroup;
  if (cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<uint64_t>(cgroup);
    size = sizeof arguments;
  }
  return static_cast<pid_t>(syscall(SYS_clone3, &arguments, size));
}

// Before Linux 5.3, and below seccomp profiles that answer ENOSYS or EPERM to clone3.
pid_t clone_as_of_old(uint32_t flags, int &pidfd) {
  // This bit is part of the exit signal here.
  if (flags & CLONE_NEWTIME) {
    errno = EINVAL;
    return -1;
  }
  // Linux before 5.2 ignores CLONE_PIDFD and leaves pidfd at -1.
  unsigned long all = static_cast<unsigned long>(flags) | CLONE_PARENT | CLONE_PIDFD | SIGCHLD;
  return static_cast<pid_t>(syscall(SYS_clone, all, nullptr, &pidfd, nullptr, nullptr));
}

bool means_no_clone_into_cgroup(int error) {
  switch (error) {
    case EBADF:       // a directory of cgroup v1
    case EBUSY:       // controllers are enabled below the cgroup
    case EACCES:      // no right to the common ancestor
    case ENODEV:      // the cgroup is being removed, or is no v2 one
    case EOPNOTSUPP:  // a domain that is not valid
    case EINVAL:      // before Linux 5.7
    case E2BIG:
    case ENOSYS:
    case EPERM:  // a seccomp profile that knows no clone3
      return true;
    default:
      return false;
  }
}

bool move_to_cgroup(int cgroup, pid_t pid) {
  char text[16];
  snprintf(text, sizeof text, "%d", pid);
  UniqueFd procs(retry([&] { return openat(cgroup, "cgroup.procs", O_WRONLY | O_NOFOLLOW | O_CLOEXEC); }));
  return procs && write_all_at_once(procs.get(), text);
}

}  // namespace

bool run(Context &context, const steps::Clone &step) {
  MountSlot *slot = context.slot(step.cgroup);
  const int cgroup = slot ? slot->fd : -1;
  int gate[2];
  if (pipe2(gate, O_CLOEXEC) != 0) return context.fail(errno, "make a pipe");
  UniqueFd wait_end(gate[0]), open_end(gate[1]);

  int pidfd = -1;
  bool must_move = false;
  pid_t pid = clone_with(step.flags, cgroup, pidfd);
  if (pid < 0 && cgroup >= 0 && means_no_clone_into_cgroup(errno)) {
    must_move = true;
    pid = clone_with(step.flags, -1, pidfd);
  }
  // EPERM can also be the namespaces': then it is the answer again.
  if (pid < 0 && (errno == ENOSYS || errno == EPERM)) pid = clone_as_of_old(step.flags, pidfd);
  if (pid < 0) return context.fail(errno, "create the container's first process");

  char ready = 0;
  if (pid == 0) {
    open_end.reset();
    // A directory of the host: nothing of the child's may lead there.
    if (slot) {
      UniqueFd unneeded(slot->fd);
      slot->fd = -1;
    }
    // End of file: the parent has failed and has said so itself.
    if (retry([&] { return read(wait_end.get(), &ready, 1); }) != 1) _exit(1);
    return true;
  }

  UniqueFd process(pidfd);
  wait_end.reset();
  if (must_move && !move_to_cgroup(cgroup, pid))
    return context.fail(errno, "move the container's first process to its cgroup");
  // An engine that has gone can't start the container: the child ends at the closed gate.
  if (!send_message(context, steps::Message::Child, pid, "", process.get())) _exit(1);
  (void)!retry([&] { return write(open_end.get(), &ready, 1); });
  _exit(0);
}

}  // namespace init
