#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "interpreter.h"

namespace init {
namespace {

const char *check_file(const char *path) {
  UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  struct stat status;
  if (!fd || fstat(fd.get(), &status) != 0) return "can't be opened";
  if (status.st_size == 0) return "empty";
  size_t size = static_cast<size_t>(status.st_size);
  void *start = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (start == MAP_FAILED) return "can't be mapped";
  Program program;
  const char *why = check_program(static_cast<const uint8_t *>(start), size, program);
  munmap(start, size);
  return why;
}

}  // namespace

int check_files(int count, char **paths) {
  int status = 0;
  for (int i = 0; i < count; ++i) {
    const char *why = check_file(paths[i]);
    if (why) status = 1;
    char line[4352];
    int length = snprintf(line, sizeof line, "%.4096s: %s\n", paths[i], why ? why : "ok");
    if (length > 0) (void)!write(1, line, static_cast<size_t>(length));
  }
  return status;
}

}  // namespace init
