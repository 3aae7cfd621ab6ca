// find_home: what passwd(5) of the container says. The file is the image's: it may be a FIFO, a device, or a
// sparse file of a terabyte, and what it says is used as a text and for nothing else.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "handlers.h"
#include "resolve.h"

namespace init {
namespace {

constexpr size_t kMost = 1 << 20;
constexpr size_t kLongestLine = PATH_MAX + 1024;

char home[PATH_MAX + sizeof "HOME="];

// NAME:PASSWORD:UID:GID:GECOS:HOME:SHELL. True when it is of this user and names a directory.
bool take_line(char *line, uint32_t uid) {
  char *fields[6];
  for (char *&field : fields) field = strsep(&line, ":");
  const char *number = fields[2], *directory = fields[5];
  if (!number || !directory || directory[0] != '/' || strlen(directory) >= PATH_MAX) return false;
  const size_t digits = strspn(number, "0123456789");
  if (digits == 0 || digits > 10 || number[digits] != '\0' || strtoull(number, nullptr, 10) != uid) return false;
  snprintf(home, sizeof home, "HOME=%s", directory);
  return true;
}

bool search(int file, uint32_t uid) {
  char line[kLongestLine];
  char buffer[4096];
  size_t length = 0, total = 0;
  while (total < kMost) {
    ssize_t count = retry([&] { return read(file, buffer, sizeof buffer); });
    if (count <= 0) break;
    total += static_cast<size_t>(count);
    for (ssize_t i = 0; i < count; ++i) {
      if (buffer[i] != '\n') {
        // A line that is too long is read to its end and is nobody's.
        if (length < sizeof line) line[length++] = buffer[i];
        continue;
      }
      const bool whole = length < sizeof line;
      if (whole) line[length] = '\0';
      length = 0;
      if (whole && take_line(line, uid)) return true;
    }
  }
  if (length == 0 || length >= sizeof line) return false;
  line[length] = '\0';
  return take_line(line, uid);
}

}  // namespace

bool run(Context &context, const steps::FindHome &step) {
  // O_NONBLOCK: nobody writes to a FIFO.
  UniqueFd file = open_in_root(context, step.path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  struct stat status;
  if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return true;
  if (search(file.get(), step.uid)) context.home = home;
  return true;
}

}  // namespace init
