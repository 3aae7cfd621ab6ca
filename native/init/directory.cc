// The step that enters the container's working directory.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"
#include "handlers.h"
#include "syscalls.h"

namespace init {
namespace {

enum class Entered { No, Yes, WithoutMagicLinks };

// No magic link on the way: /proc/self/fd/N may be a directory of the host that runt or its
// caller holds open (CVE-2024-21626).
Entered enter(const char *path) {
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  UniqueFd dir(retry([&] { return sys_openat2(AT_FDCWD, path, kFlags, 0, RESOLVE_NO_MAGICLINKS); }));
  if (dir) return fchdir(dir.get()) == 0 ? Entered::WithoutMagicLinks : Entered::No;
  // Before Linux 5.6, and below a container's seccomp filter that doesn't allow openat2, the check
  // of getcwd alone must do.
  return (errno == ENOSYS || errno == EPERM) && chdir(path) == 0 ? Entered::Yes : Entered::No;
}

}  // namespace

bool run(Context &context, const steps::ChangeDirectory &step) {
  Entered entered = enter(step.path);
  if (entered == Entered::No && errno == ENOENT && step.create) {
    steps::MakeDirectory directory = {};
    directory.path = step.path;
    directory.mode = 0755;
    directory.uid = geteuid();
    directory.gid = getegid();
    if (!run(context, directory)) return false;
    entered = enter(step.path);
  }
  if (entered == Entered::No) return context.fail(errno, "chdir to cwd (\"%s\")", step.path);
  // The kernel says "(unreachable)/…" of a place outside this root. The system call itself, as the
  // C library turns that into ENOENT.
  char where[PATH_MAX];
  long length = syscall(SYS_getcwd, where, sizeof where);
  // A container's filter may deny the call. The way here had no magic link, then, and inside a
  // root that was pivoted into nothing else leads out. A directory that is gone is told all the same.
  if (length < 0 && errno != ENOENT && entered == Entered::WithoutMagicLinks) return true;
  if (length < 0) return context.fail(errno, "getcwd in cwd (\"%s\")", step.path);
  if (where[0] != '/') return context.fail(0, "cwd (\"%s\") is outside of the container's root", step.path);
  return true;
}

}  // namespace init
