#include "page_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22  // Linux 5.14
#endif

void read_in_large_pieces(const char *path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  struct stat status;
  void *start = MAP_FAILED;
  size_t size = 0;
  if (fstat(fd, &status) == 0) {
    size = static_cast<size_t>(status.st_size);
    start = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  }
  close(fd);
  if (start == MAP_FAILED) return;
  // The first page is what execve reads. Who may not write to the file is told that all is there (mincore(2)).
  unsigned char resident = 1;
  if (mincore(start, 1, &resident) == 0 && !(resident & 1) && madvise(start, size, MADV_HUGEPAGE) == 0)
    (void)madvise(start, size, MADV_POPULATE_READ);
  munmap(start, size);
}
