// Steps that find and start the container's program. Engines tell failures apart by the words of
// Go's os/exec, so both sides of the channel keep to this rule:
//
//   errno   text                                              the engine makes of it
//   0       exec: "X": executable file not found in $PATH     the text alone
//   0       exec: "X": cannot run executable found relative to current directory
//   ENOENT  exec: "/x": stat /x                               text + ": " + words of the errno
//   EISDIR  exec: "/x"                                        (… : is a directory)
//   EACCES  exec: "/x"                                        (… : permission denied)
//   any     exec /x                                           (execve itself failed)
//
// When more is known than the errno says (inspect.h), a unit separator (0x1f) and a hint follow
// the text: "exec /x" 0x1f "the interpreter /bin/foo of its #! line does not exist".
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"
#include "handlers.h"
#include "inspect.h"
#include "pointers.h"

#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

namespace init {
namespace {

// The result of a look-up along PATH.
char found_path[PATH_MAX];

// Whether this process may execute the file: 0, or the errno. `missing` tells a failed stat, whose
// message names the call.
int executable_error(const char *path, bool &missing) {
  struct stat status;
  missing = stat(path, &status) != 0;
  if (missing) return errno;
  if (S_ISDIR(status.st_mode)) return EISDIR;
  // With the effective ids, which execve goes by. Linux 5.8; before that ids are equal anyway.
  if (syscall(SYS_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS) == 0) return 0;
  if (errno == ENOSYS || errno == EPERM) return syscall(SYS_faccessat, AT_FDCWD, path, X_OK) == 0 ? 0 : errno;
  return errno;
}

bool find_along_path(Context &context, const steps::FindProgram &step) {
  const char *rest = step.path;
  // An empty PATH has no entry; an empty entry of another one means the working directory.
  while (step.name[0] != '\0' && step.path[0] != '\0') {
    size_t length = strcspn(rest, ":");
    int size = snprintf(found_path, sizeof found_path, "%.*s%s%s", static_cast<int>(length), rest, length ? "/" : "",
                        step.name);
    bool missing;
    if (size > 0 && static_cast<size_t>(size) < sizeof found_path && executable_error(found_path, missing) == 0) {
      if (found_path[0] != '/') {
        return context.fail(0, "exec: \"%s\": cannot run executable found relative to current directory", step.name);
      }
      context.program = found_path;
      return true;
    }
    if (rest[length] == '\0') break;
    rest += length + 1;
  }
  return context.fail(0, "exec: \"%s\": executable file not found in $PATH", step.name);
}

}  // namespace

bool run(Context &context, const steps::FindProgram &step) {
  if (!strchr(step.name, '/')) return find_along_path(context, step);
  bool missing;
  int error = executable_error(step.name, missing);
  if (error == 0) {
    context.program = step.name;
    return true;
  }
  if (missing) return context.fail(error, "exec: \"%s\": stat %s", step.name, step.name);
  char hint[512];
  if (!inspect_program(step.name, error, hint, sizeof hint)) return context.fail(error, "exec: \"%s\"", step.name);
  return context.fail(error, "exec: \"%s\"\x1f%s", step.name, hint);
}

bool run(Context &context, const steps::Execute &step) {
  if (!context.program) return context.fail(0, "no program has been looked up");
  Pointers arguments(step.args), environment(step.env);
  if (!arguments.get() || !environment.get()) return context.fail(errno, "make room for arguments and environment");
  constexpr char kHome[] = "HOME=";
  for (char **entry = environment.get(); context.home && *entry; ++entry) {
    if (strncmp(*entry, kHome, sizeof kHome - 1) == 0) *entry = const_cast<char *>(context.home);
  }
  execve(context.program, arguments.get(), environment.get());
  int error = errno;
  char hint[512];
  if (!inspect_program(context.program, error, hint, sizeof hint))
    return context.fail(error, "exec %s", context.program);
  return context.fail(error, "exec %s\x1f%s", context.program, hint);
}

}  // namespace init
