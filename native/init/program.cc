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
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "handlers.h"
#include "inspect.h"
#include "inspect_access.h"
#include "pointers.h"

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
  return S_ISDIR(status.st_mode) ? EISDIR : may_execute(path);
}

// Why none of the entries will do, when one holds a file of that name; else what the entries are.
bool fail_along_path(Context &context, const steps::FindProgram &step, const char *denied) {
  char hint[512];
  char why[300];
  if (denied[0] && inspect_program(denied, EACCES, why, sizeof why)) {
    snprintf(hint, sizeof hint, "%s is no choice: %s", denied, why);
  } else if (step.name[0] == '\0') {
    snprintf(hint, sizeof hint, "its name is empty");
  } else if (!inspect_path(step.name, ENOENT, hint, sizeof hint)) {
    snprintf(hint, sizeof hint, step.path[0] ? "looked for in %s" : "PATH is empty", step.path);
  }
  return context.fail(0, "exec: \"%s\": executable file not found in $PATH\x1f%s", step.name, hint);
}

bool find_along_path(Context &context, const steps::FindProgram &step) {
  const char *rest = step.path;
  char denied[128] = "";  // the first file that is there, but may not be executed; a longer path is not told
  // An empty PATH has no entry; an empty entry of another one means the working directory.
  while (step.name[0] != '\0' && step.path[0] != '\0') {
    size_t length = strcspn(rest, ":");
    int size = snprintf(found_path, sizeof found_path, "%.*s%s%s", static_cast<int>(length), rest, length ? "/" : "",
                        step.name);
    bool missing;
    const bool fits = size > 0 && static_cast<size_t>(size) < sizeof found_path;
    const int error = fits ? executable_error(found_path, missing) : ENAMETOOLONG;
    if (error == EACCES && !missing && !denied[0] && static_cast<size_t>(size) < sizeof denied)
      memcpy(denied, found_path, static_cast<size_t>(size) + 1);
    if (error == 0) {
      if (found_path[0] != '/') {
        return context.fail(0, "exec: \"%s\": cannot run executable found relative to current directory", step.name);
      }
      context.program = found_path;
      return true;
    }
    if (rest[length] == '\0') break;
    rest += length + 1;
  }
  return fail_along_path(context, step, denied);
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
  char hint[512];
  if (missing && inspect_path(step.name, error, hint, sizeof hint))
    return context.fail(error, "exec: \"%s\": stat %s\x1f%s", step.name, step.name, hint);
  if (missing) return context.fail(error, "exec: \"%s\": stat %s", step.name, step.name);
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
