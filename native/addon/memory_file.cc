// Sealed memfds: see memory_file.h.
#include "memory_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U  // Linux 6.3
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U  // Linux 6.3
#endif

namespace addon {

UniqueFd empty_memory_file(const char *name, MemoryFile kind) {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  UniqueFd fd(memfd_create(name, flags | (kind == MemoryFile::Program ? MFD_EXEC : MFD_NOEXEC_SEAL)));
  // Kernels before 6.3 know neither flag.
  if (!fd.valid() && errno == EINVAL) fd.reset(memfd_create(name, flags));
  return fd;
}

namespace {

bool seal(int fd) { return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0; }

}  // namespace

UniqueFd make_memory_file(const char *name, MemoryFile kind, const void *data, size_t size) {
  UniqueFd fd = empty_memory_file(name, kind);
  const char *bytes = static_cast<const char *>(data);
  // pwrite leaves the offset at 0, where readers start.
  for (size_t done = 0; fd.valid() && done < size;) {
    const ssize_t count = TEMP_FAILURE_RETRY(pwrite(fd.get(), bytes + done, size - done, static_cast<off_t>(done)));
    if (count < 0) return UniqueFd();
    done += static_cast<size_t>(count);
  }
  return fd.valid() && seal(fd.get()) ? std::move(fd) : UniqueFd();
}

UniqueFd copy_to_memory_file(const char *name, MemoryFile kind, int source) {
  UniqueFd fd = empty_memory_file(name, kind);
  struct stat status;
  if (!fd.valid() || fstat(source, &status) < 0) return UniqueFd();
  for (off_t done = 0; done < status.st_size;) {
    const ssize_t count =
        TEMP_FAILURE_RETRY(sendfile(fd.get(), source, &done, static_cast<size_t>(status.st_size - done)));
    if (count < 0) return UniqueFd();
    if (count == 0) {  // the file has become shorter meanwhile: it is being replaced
      errno = ETXTBSY;
      return UniqueFd();
    }
  }
  return lseek(fd.get(), 0, SEEK_SET) == 0 && seal(fd.get()) ? std::move(fd) : UniqueFd();
}

}  // namespace addon
