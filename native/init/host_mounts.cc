#include "host_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel.h"
#include "resolve.h"

namespace init {
namespace {

// Room for the text of mountinfo; only what is written becomes memory.
constexpr size_t kRoom = 64 << 20;

class Mountinfo {
 public:
  ~Mountinfo() {
    if (text_) munmap(text_, kRoom);
  }
  // The whole text at once: it changes as soon as something is unmounted.
  bool read_all(int proc) {
    UniqueFd file(openat(proc, "self/mountinfo", O_RDONLY | O_CLOEXEC));
    if (!file) return false;
    void *room = mmap(nullptr, kRoom, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED) return false;
    text_ = static_cast<char *>(room);
    size_t used = 0;
    while (used + 1 < kRoom) {
      ssize_t length = retry([&] { return read(file.get(), text_ + used, kRoom - 1 - used); });
      if (length < 0) return false;
      if (length == 0) return true;
      used += static_cast<size_t>(length);
    }
    errno = EFBIG;
    return false;
  }
  char *text() { return text_; }

 private:
  char *text_ = nullptr;
};

// "\040" and its like are the bytes that would end a field.
void unescape(char *text) {
  char *out = text;
  for (const char *in = text; *in;) {
    bool escaped = in[0] == '\\' && strspn(in + 1, "01234567") >= 3;
    *out++ = escaped ? static_cast<char>((in[1] - '0') * 64 + (in[2] - '0') * 8 + (in[3] - '0')) : *in;
    in += escaped ? 4 : 1;
  }
  *out = '\0';
}

// "ID PARENT DEV ROOT MOUNTPOINT OPTIONS [TAGS] - TYPE SOURCE OPTIONS": the mount point of a whole
// procfs or sysfs, else null.
char *whole_system_mount(char *line) {
  const char *kind = strstr(line, " - ");
  if (!kind || (strncmp(kind + 3, "proc ", 5) != 0 && strncmp(kind + 3, "sysfs ", 6) != 0)) return nullptr;
  char *field = line;
  for (int i = 0; i < 3; ++i) {
    field = strchr(field, ' ');
    if (!field) return nullptr;
    ++field;
  }
  if (strncmp(field, "/ ", 2) != 0) return nullptr;
  char *point = field + 2;
  point[strcspn(point, " ")] = '\0';
  unescape(point);
  return point;
}

bool is_below(const char *path, const char *root) {
  size_t length = strlen(root);
  return strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

bool hide(Context &context, const char *point) {
  if (mount(nullptr, point, nullptr, MS_SLAVE | MS_REC, nullptr) != 0) {
    // It went with a mount above it.
    if (errno == ENOENT || errno == EINVAL) return true;
    return context.fail(errno, "set the propagation of %s", point);
  }
  if (umount2(point, MNT_DETACH | UMOUNT_NOFOLLOW) == 0) return true;
  if (errno != EINVAL && errno != EPERM) return context.fail(errno, "unmount %s", point);
  // A user namespace holds it locked: covered, it is not whole any more.
  constexpr unsigned long kFlags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (mount("tmpfs", point, "tmpfs", kFlags, "size=4k") == 0) return true;
  return context.fail(errno, "cover %s", point);
}

}  // namespace

bool hide_host_mounts(Context &context) {
  int proc = context.proc(false);
  if (proc < 0) return false;
  char link[32], root[PATH_MAX];
  snprintf(link, sizeof link, "self/fd/%d", root_of(context));
  ssize_t length = readlinkat(proc, link, root, sizeof root - 1);
  if (length < 0) return context.fail(errno, "name the root");
  root[length] = '\0';

  Mountinfo mounts;
  if (!mounts.read_all(proc)) return context.fail(errno, "read the mounts");
  for (char *line = mounts.text(); *line;) {
    char *end = line + strcspn(line, "\n");
    char *next = *end ? end + 1 : end;
    *end = '\0';
    const char *point = whole_system_mount(line);
    if (point && !is_below(point, root) && !hide(context, point)) return false;
    line = next;
  }
  return true;
}

}  // namespace init
