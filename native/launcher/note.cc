#include "note.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

namespace {

constexpr int kFirstNoted = 3, kLastNoted = 255;

constexpr const char *kNames[] = {
    "PATH",       "HOME",       "USER",           "XDG_RUNTIME_DIR",          "NOTIFY_SOCKET",
    "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "DBUS_SESSION_BUS_ADDRESS", "TERM",
};
static_assert(sizeof kNames / sizeof *kNames < kMostKept, "with the null");

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

}  // namespace

void write_note(const char *program, char (&note)[kNoteSize]) {
  struct rlimit nofile = {};
  getrlimit(RLIMIT_NOFILE, &nofile);
  char descriptors[(kLastNoted - kFirstNoted) / 4 + 2];
  word_descriptors(nofile.rlim_cur, descriptors);
  snprintf(note, sizeof note, "%snofile=0x%llx:0x%llx fds=%s argv0=%s", kNoteName,
           static_cast<unsigned long long>(nofile.rlim_cur), static_cast<unsigned long long>(nofile.rlim_max),
           descriptors, program);
}

size_t keep_environment(char **environment, char *(&kept)[kMostKept]) {
  size_t used = 0;
  for (const char *name : kNames) {
    if (char *variable = find(environment, name)) kept[used++] = variable;
  }
  kept[used] = nullptr;
  return used;
}
