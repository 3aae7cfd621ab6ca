// Starts runt-init. The engine is never forked: posix_spawn(3) suspends it and shares its memory
// (CLONE_VFORK|CLONE_VM) until the new program runs.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>

#include "addon.h"
#include "init_image.h"
#include "memory_file.h"
#include "processes.h"
#include "unique_fd.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)  // Linux 5.11
#endif

namespace addon {
namespace {

struct Failure {
  int error = 0;
  const char *syscall = "";
  std::string path;
};

// Descriptors that the caller of runt left open by accident must not reach a container
// (CVE-2024-21626). What is passed on is dup'ed explicitly, so nothing needs to be kept.
int mark_all_close_on_exec() {
  static bool done = false;
  if (done) return 0;
  if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) < 0) {
    if (errno != ENOSYS && errno != EINVAL && errno != EPERM) return errno;
    // Not a loop up to RLIMIT_NOFILE: the engine has raised that, to a million perhaps.
    const std::unique_ptr<DIR, int (*)(DIR *)> open(opendir("/proc/self/fd"), closedir);
    if (!open) return errno;
    while (const struct dirent *entry = readdir(open.get())) {
      const int fd = atoi(entry->d_name);
      if (fd > 2 && fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return errno;
    }
  }
  done = true;
  return 0;
}

// The descriptors of the new program: sources[i] becomes i.
class Layout {
 public:
  void push(int source) { sources_.push_back(source); }

  // Moves every source out of the way of the targets, then lists the dup2 calls. A source that is
  // at its target already stays: there dup2 only clears close-on-exec.
  Failure arrange(posix_spawn_file_actions_t *actions) {
    const int end = static_cast<int>(sources_.size());
    for (int target = 0; target < end; target++) {
      int source = sources_[target];
      if (source < end && source != target) source = move(source);
      if (source < 0) return {errno, "dup", "descriptor " + std::to_string(sources_[target])};
      if (const int error = posix_spawn_file_actions_adddup2(actions, source, target))
        return {error, "posix_spawn", ""};
    }
    return {};
  }

  // A descriptor that no target overwrites.
  int move(int source) {
    const int end = static_cast<int>(sources_.size());
    if (source >= end) return source;
    moved_.emplace_back(fcntl(source, F_DUPFD_CLOEXEC, end < 3 ? 3 : end));
    return moved_.back().get();
  }

 private:
  std::vector<int> sources_;
  std::vector<UniqueFd> moved_;
};

struct Spawn {
  std::string init_path;
  std::string program;
  std::vector<int> stdio;
  std::vector<int> preserve;
  std::vector<int> slots;
};

struct Spawned {
  pid_t pid = -1;
  UniqueFd pidfd;
  UniqueFd channel;
};

Failure execute(const Spawn &spawn, Layout &layout, int image, pid_t *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigset_t none, all;
  sigemptyset(&none);
  // Not sigfillset(3): it leaves out signals 32 and 33 of the C library, which posix_spawn then ignores.
  memset(&all, 0xff, sizeof all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);

  Failure failure = layout.arrange(&actions);
  const int program = layout.move(image);
  if (!failure.error && program < 0) failure = {errno, "dup", ""};
  if (!failure.error) {
    const std::string path = "/proc/self/fd/" + std::to_string(program);
    std::string name = "runt-init";
    std::string preserved = std::to_string(spawn.preserve.size());
    char *arguments[] = {&name[0], &preserved[0], nullptr};
    char *environment[] = {nullptr};
    // The errno is that of the execve as well: the parent waits for it anyway.
    const int error = posix_spawn(pid, path.c_str(), &actions, &attributes, arguments, environment);
    // glibc goes without clone3 at ENOSYS only: with a seccomp profile that says EPERM no program can make threads.
    if (error) failure = {error, error == EPERM ? "clone3 or execve" : "posix_spawn", spawn.init_path};
  }
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return failure;
}

Failure start(const Spawn &spawn, Spawned &spawned) {
  if (const int error = mark_all_close_on_exec()) return {error, "close_range", ""};
  // A caller may have SIGCHLD ignored. Then children vanish and their exit status with them.
  struct sigaction action;
  if (sigaction(SIGCHLD, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) signal(SIGCHLD, SIG_DFL);

  const InitImage image = init_image(spawn.init_path);
  if (image.fd < 0) return {image.error, image.syscall, spawn.init_path};
  const UniqueFd program = make_memory_file("program", MemoryFile::Data, spawn.program.data(), spawn.program.size());
  if (!program.valid()) return {errno, "memfd_create", "program"};
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return {errno, "socketpair", ""};
  const UniqueFd theirs(ends[1]);
  spawned.channel.reset(ends[0]);

  Layout layout;
  for (const int fd : spawn.stdio) layout.push(fd);
  for (const int fd : spawn.preserve) {
    // Told apart here: posix_spawn would only say that something was a bad descriptor.
    if (fcntl(fd, F_GETFD) < 0) return {errno, "dup", "descriptor " + std::to_string(fd)};
    layout.push(fd);
  }
  layout.push(program.get());
  layout.push(theirs.get());
  for (const int fd : spawn.slots) layout.push(fd);
  Failure failure = execute(spawn, layout, image.fd, &spawned.pid);
  if (failure.error) return failure;
  // The pid can't be another process: only we can reap it. Without pidfds (before Linux 5.3) -1.
  spawned.pidfd.reset(pidfd_open(spawned.pid));
  return {};
}

Napi::Value spawn_init(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "spawnInit");
  const Napi::Object options = arguments.object(0);
  Spawn spawn;
  spawn.init_path = arguments.path(options.Get("initPath"));
  spawn.program = arguments.data(options.Get("program"));
  spawn.stdio = arguments.integers(options.Get("stdio"));
  spawn.preserve = arguments.integers(options.Get("preserve"));
  spawn.slots = arguments.integers(options.Get("slots"));
  if (!arguments.ok()) return arguments.refuse();
  if (spawn.stdio.size() != 3) return fail(info.Env(), EINVAL, "posix_spawn", spawn.init_path);
  Spawned spawned;
  const Failure failure = start(spawn, spawned);
  if (failure.error) return fail(info.Env(), failure.error, failure.syscall, failure.path);
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("pid", Napi::Number::New(info.Env(), spawned.pid));
  result.Set("pidfd", Napi::Number::New(info.Env(), spawned.pidfd.release()));
  result.Set("channel", Napi::Number::New(info.Env(), spawned.channel.release()));
  return result;
}

}  // namespace

void add_spawn(Napi::Object exports) { add<spawn_init>(exports, "spawnInit"); }

}  // namespace addon
