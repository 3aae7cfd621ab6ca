#include "hook_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "leave.h"
#include "pointers.h"
#include "syscalls.h"

namespace init {
namespace {

constexpr int kStatusFd = 3;
// How often a hook is looked after, in milliseconds: on kernels without pidfd, and with one.
constexpr uint64_t kLookEvery = 10, kLookAtMost = 3600000;

uint64_t now_ms() {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1000000;
}

// In the place of a memory file, where a kernel or a seccomp profile has none: a pipe that has room for all.
bool make_pipe(UniqueFd &copy, UniqueFd &read_end, int state) {
  struct stat status = {};
  int ends[2];
  if ((state >= 0 && fstat(state, &status) != 0) || pipe2(ends, O_CLOEXEC) != 0) return false;
  read_end.reset(ends[0]);
  copy.reset(ends[1]);
  const int size = static_cast<int>(status.st_size);
  return fcntl(copy.get(), F_GETPIPE_SZ) >= size || fcntl(copy.get(), F_SETPIPE_SZ, size) >= size;
}

// A copy of what `state` holds, to be read from its start: hooks that share a description would
// share its offset, and reopening it goes through a /proc that may be the container's. A memory
// file is never full, as a pipe could be.
int copy_state(int state) {
  UniqueFd copy(memfd_create("state", MFD_CLOEXEC)), read_end;
  if (!copy && ((errno != ENOSYS && errno != EPERM) || !make_pipe(copy, read_end, state))) return -1;
  char buffer[2048];
  off_t at = 0;
  while (state >= 0) {
    ssize_t got = retry([&] { return pread(state, buffer, sizeof buffer, at); });
    if (got < 0) return -1;
    if (got == 0) break;
    ssize_t put = retry([&] {
      return read_end ? write(copy.get(), buffer, static_cast<size_t>(got))
                      : pwrite(copy.get(), buffer, static_cast<size_t>(got), at);
    });
    if (put != got) return -1;
    at += got;
  }
  return read_end ? read_end.release() : copy.release();
}

// Runs in the hook's process between clone and execve. Never returns; an errno goes to `status`.
[[noreturn]] void become_hook(const steps::RunHook &step, char **arguments, char **environment, int input, int output,
                              int status) {
  // The order matters: `input`, `output` and `status` are all above 2, so no dup2 covers a later one.
  bool ready = setpgid(0, 0) == 0 && dup2(input, 0) == 0 && dup2(output, 1) == 1 && dup2(output, 2) == 2;
  if (ready && status != kStatusFd) ready = dup3(status, kStatusFd, O_CLOEXEC) == kStatusFd;
  if (ready) {
    status = kStatusFd;
    // All that is above, what is preserved for the container too. On old kernels the rest is
    // close-on-exec but for those.
    if (sys_close_range(kStatusFd + 1, ~0u, 0) != 0) {
      for (int fd = kStatusFd + 1; fd < 1024; ++fd) close(fd);
    }
    // A bundle may be gone by the time of its poststop hooks, and not all may enter it.
    if (step.directory[0] && chdir(step.directory) != 0) (void)!chdir("/");
    execve(step.path, arguments, environment);
  }
  int error = errno;
  (void)!write(status, &error, sizeof error);
  leave(127);
}

// A descriptor that dup2 to 0, 1, 2 can't cover, should this process have been started without them.
bool raise_above_stdio(UniqueFd &fd) {
  if (fd.get() > 2) return true;
  fd.reset(fcntl(fd.get(), F_DUPFD_CLOEXEC, kStatusFd));
  return static_cast<bool>(fd);
}

}  // namespace

const char *HookProcess::start(const steps::RunHook &step, int state) {
  UniqueFd input(copy_state(state));
  if (!input || !raise_above_stdio(input)) return "copy the state for its standard input";
  int pipe_fds[2];
  if (pipe2(pipe_fds, O_CLOEXEC) != 0) return "make a pipe";
  UniqueFd output_read(pipe_fds[0]), output_write(pipe_fds[1]);
  if (pipe2(pipe_fds, O_CLOEXEC) != 0) return "make a pipe";
  UniqueFd status_read(pipe_fds[0]), status_write(pipe_fds[1]);
  if (!raise_above_stdio(output_write) || !raise_above_stdio(status_write)) return "make a pipe";
  if (fcntl(output_read.get(), F_SETFL, O_NONBLOCK) != 0) return "make a pipe";

  Pointers arguments(step.args, step.args.count ? nullptr : step.path), environment(step.env);
  if (!arguments.get() || !environment.get()) return "make room for arguments and environment";

  started_ = now_ms();
  int pidfd = -1;
  pid_ = static_cast<pid_t>(syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, nullptr, &pidfd, nullptr, nullptr));
  if (pid_ < 0) return "fork";
  if (pid_ == 0)
    become_hook(step, arguments.get(), environment.get(), input.get(), output_write.get(), status_write.get());
  process_.reset(pidfd);
  output_ = static_cast<UniqueFd &&>(output_read);

  status_write.reset();
  int error = 0;
  if (retry([&] { return read(status_read.get(), &error, sizeof error); }) != sizeof error) return nullptr;
  retry([&] { return waitpid(pid_, nullptr, 0); });
  failed_to_execute_ = true;
  errno = error;
  return "";
}

bool HookProcess::ended(HookEnd &end) const {
  end.how.si_pid = 0;
  // WNOWAIT first: the group can be killed without doubt as long as its leader is not reaped.
  return retry([&] { return waitid(P_PID, static_cast<id_t>(pid_), &end.how, WEXITED | WNOHANG | WNOWAIT); }) == 0 &&
         end.how.si_pid == pid_;
}

void HookProcess::kill_all() const { kill(-pid_, SIGKILL); }

bool HookProcess::wait(uint32_t timeout, HookOutput &output, HookEnd &end) {
  bool is_open = true;
  end = {};
  while (!ended(end)) {
    uint64_t passed = now_ms() - started_;
    if (timeout && passed >= timeout && !end.timed_out) {
      kill_all();
      end.timed_out = true;
    }
    uint64_t look_after = process_ ? kLookAtMost : kLookEvery;
    if (timeout && !end.timed_out && timeout - passed < look_after) look_after = timeout - passed;
    // Entries of -1 are passed over by poll; a pidfd becomes readable when its process ends.
    struct pollfd watched[2] = {{process_.get(), POLLIN, 0}, {is_open ? output_.get() : -1, POLLIN, 0}};
    if (poll(watched, 2, static_cast<int>(look_after)) < 0 && errno != EINTR) return false;
    if (watched[1].revents) is_open = output.read_from(output_.get());
  }
  end.milliseconds = now_ms() - started_;
  // Before it is reaped, and only what is there: a daemon that it left behind may hold the pipe.
  for (int i = 0; is_open && i < 16; ++i) is_open = output.read_from(output_.get());
  siginfo_t reaped;
  retry([&] { return waitid(P_PID, static_cast<id_t>(pid_), &reaped, WEXITED); });
  return true;
}

}  // namespace init
