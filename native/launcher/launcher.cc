// bin/runt: what users call. It notes what only the first process of a command can know, cleans
// the environment and becomes the engine, PREFIX/lib/runt/engine, found beside its own file.
//
// Why: a JavaScript engine has changed its own process before the first line of TypeScript runs.
// It raises the soft RLIMIT_NOFILE, ignores signals, opens descriptors; and its environment can
// make it run other code (BUN_OPTIONS, NODE_OPTIONS, LD_PRELOAD). The container must see what the
// caller gave, and nobody but the caller's arguments may steer the engine.
//
// The note is the variable RUNT_LAUNCH (src/host/launch.ts reads it):
//
//   nofile=SOFT:HARD fds=HEX argv0=TEXT
//
//   nofile    RLIMIT_NOFILE, decimal
//   fds       open descriptors from 3 to 255: bit N-3 stands for descriptor N, the most significant
//             digit first. All are without close-on-exec, or they would not have come here.
//   argv0     the name that runt was called by; the last field, as it may hold anything
//
// Signals that the caller ignores or blocks need no note: runt-init sets all back to the default.
// execve keeps the pid, so LISTEN_PID stays true.
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "page_cache.h"

namespace {

constexpr int kFirstNoted = 3, kLastNoted = 255;

// What the engine gets to see of the caller's environment.
constexpr const char *kKept[] = {
    "PATH",       "HOME",       "USER",           "XDG_RUNTIME_DIR",          "NOTIFY_SOCKET",
    "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "DBUS_SESSION_BUS_ADDRESS", "TERM",
};
constexpr size_t kKeptCount = sizeof kKept / sizeof *kKept;

// How the engine is set. A command runs for milliseconds: a JIT compiler never pays for its start
// (a third of `runt run` on a busy machine), and without it no page is writable and executable.
// A crash must not report to anybody's server.
constexpr const char *kSettings[] = {"BUN_JSC_useJIT=0", "BUN_ENABLE_CRASH_REPORTING=0", "DO_NOT_TRACK=1"};
constexpr size_t kSettingCount = sizeof kSettings / sizeof *kSettings;

// Writes the open descriptors as hexadecimal digits. One poll(2) tells of them all.
void word_descriptors(rlim_t limit, char *text) {
  struct pollfd polled[kLastNoted - kFirstNoted + 1];
  nfds_t count = 0;
  for (int fd = kFirstNoted; fd <= kLastNoted; ++fd) polled[count++] = {fd, 0, 0};
  if (count > limit) count = limit;  // else EINVAL
  if (poll(polled, count, 0) < 0) count = 0;
  bool begun = false;
  for (int digit = (kLastNoted - kFirstNoted) / 4; digit >= 0; --digit) {
    unsigned value = 0;
    for (unsigned bit = 0; bit < 4; ++bit) {
      nfds_t index = static_cast<nfds_t>(digit) * 4 + bit;
      if (index < count && !(polled[index].revents & POLLNVAL)) value |= 1u << bit;
    }
    begun = begun || value != 0 || digit == 0;
    if (begun) *text++ = "0123456789abcdef"[value];
  }
  *text = '\0';
}

// The first VARIABLE=value of that name, as getenv(3) would see it.
char *find(char **environment, const char *name) {
  size_t length = strlen(name);
  for (; *environment; ++environment) {
    if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') return *environment;
  }
  return nullptr;
}

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

  struct rlimit nofile = {};
  getrlimit(RLIMIT_NOFILE, &nofile);
  char descriptors[(kLastNoted - kFirstNoted) / 4 + 2];
  word_descriptors(nofile.rlim_cur, descriptors);
  static char note[PATH_MAX + 512];
  snprintf(note, sizeof note, "RUNT_LAUNCH=nofile=%llu:%llu fds=%s argv0=%s",
           static_cast<unsigned long long>(nofile.rlim_cur), static_cast<unsigned long long>(nofile.rlim_max),
           descriptors, count > 0 ? arguments[0] : "runt");

  const char *kept[kKeptCount + kSettingCount + 2];
  size_t used = 0;
  kept[used++] = note;
  for (const char *setting : kSettings) kept[used++] = setting;
  for (const char *name : kKept) {
    if (char *variable = find(environment, name)) kept[used++] = variable;
  }
  kept[used] = nullptr;
  read_in_large_pieces(engine);
  execve(engine, arguments, const_cast<char **>(kept));
  return fail("start the engine ", engine, errno);
}
