// The launcher of runt on Node, for the tests: notes what only the first process of a command can
// know, cleans the environment and becomes PREFIX/lib/runt/engine, found beside its own file.
//
// Why: Node has changed its own process before the first line of TypeScript runs. It raises the soft
// RLIMIT_NOFILE, ignores signals, opens descriptors; and its environment can make it run other code
// (NODE_OPTIONS, LD_PRELOAD). The container must see what the caller gave, and nobody but the
// caller's arguments may steer the engine. bin/runt does the same for itself (native/engine).
//
// execve keeps the pid, so LISTEN_PID stays true.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "note.h"

namespace {

// PREFIX/bin/runt → PREFIX/bin/../lib/runt/engine, by the file that runs, not by the name it was
// called by: a symlink or a working directory can't lead to another engine.
bool find_engine(char *path, size_t size) {
  constexpr char kFromHere[] = "/../lib/runt/engine";
  ssize_t length = readlink("/proc/self/exe", path, size - sizeof kFromHere);
  if (length <= 0) return false;
  path[length] = '\0';
  char *slash = strrchr(path, '/');
  if (!slash) return false;
  memcpy(slash, kFromHere, sizeof kFromHere);
  return true;
}

int fail(const char *what, const char *path, int error) {
  char text[PATH_MAX + 256];
  const char *why = error == ENOENT   ? "no such file or directory"
                    : error == EACCES ? "permission denied"
                                      : "can't be executed";
  int length = snprintf(text, sizeof text, "runt: %s%s: %s (errno %d)\n", what, path, why, error);
  if (length > 0) (void)!write(2, text, static_cast<size_t>(length));
  return 1;
}

}  // namespace

int main(int count, char **arguments, char **environment) {
  static char engine[PATH_MAX];
  if (!find_engine(engine, sizeof engine)) return fail("find itself at /proc/self/exe", "", errno);

  static char note[kNoteSize];
  write_note(count > 0 ? arguments[0] : "runt", note);
  char *kept[kMostKept];
  size_t used = keep_environment(environment, kept);
  char *given[kMostKept + 1];
  given[0] = note;
  memcpy(given + 1, kept, (used + 1) * sizeof *kept);
  execve(engine, arguments, given);
  return fail("start the engine ", engine, errno);
}
