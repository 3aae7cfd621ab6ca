// Files that nobody can change: see memory_file.h.
#include "memory_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U  // Linux 6.3
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U  // Linux 6.3
#endif

namespace addon {
namespace {

// Where files without a name may lie: memory before disks. A user without privileges can write to some of them only.
constexpr const char *kDirectories[] = {"/dev/shm", "/run", "/tmp", "/var/tmp"};

UniqueFd nameless_file_in(const char *directory) {
  // O_EXCL: nobody can give it a name later.
  UniqueFd fd(TEMP_FAILURE_RETRY(open(directory, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600)));
  if (fd.valid() || (errno != EOPNOTSUPP && errno != EISDIR)) return fd;
  // A file system without O_TMPFILE: with a name for a moment, which only its owner can open.
  std::string name = std::string(directory) + "/runt-XXXXXX";
  fd.reset(mkostemp(&name[0], O_CLOEXEC));
  if (fd.valid() && unlink(name.c_str()) < 0) fd.reset();
  return fd;
}

// In place of a memfd. Invalid with the errno of the last try.
UniqueFd nameless_file(MemoryFile kind) {
  for (const char *directory : kDirectories) {
    struct statvfs status;
    if (statvfs(directory, &status) < 0) continue;
    errno = EACCES;
    if (kind == MemoryFile::Program && (status.f_flag & ST_NOEXEC)) continue;
    UniqueFd fd = nameless_file_in(directory);
    if (fd.valid() && fchmod(fd.get(), kind == MemoryFile::Program ? 0500 : 0400) == 0) return fd;
  }
  return UniqueFd();
}

// ENOSYS before Linux 3.17 and below seccomp profiles; older ones of those say EPERM.
bool is_missing(int error) { return error == ENOSYS || error == EPERM; }

UniqueFd memory_file(const char *name, MemoryFile kind) {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  UniqueFd fd(memfd_create(name, flags | (kind == MemoryFile::Program ? MFD_EXEC : MFD_NOEXEC_SEAL)));
  // Kernels before 6.3 know neither flag.
  if (!fd.valid() && errno == EINVAL) fd.reset(memfd_create(name, flags));
  return fd;
}

// No more changes: seals, or for a file without a name a descriptor that only reads, with no other one left.
UniqueFd close_to_writing(UniqueFd fd) {
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0) return fd;
  // No memfd: EINVAL on a disk, EPERM on a tmpfs, whose files are sealed against seals.
  if (errno != EINVAL && errno != EPERM) return UniqueFd();
  const std::string link = "/proc/self/fd/" + std::to_string(fd.get());
  return UniqueFd(TEMP_FAILURE_RETRY(open(link.c_str(), O_RDONLY | O_CLOEXEC)));
}

}  // namespace

UniqueFd empty_memory_file(const char *name, MemoryFile kind) {
  UniqueFd fd = memory_file(name, kind);
  return fd.valid() || !is_missing(errno) ? std::move(fd) : nameless_file(kind);
}

UniqueFd make_memory_file(const char *name, MemoryFile kind, const void *data, size_t size) {
  UniqueFd fd = empty_memory_file(name, kind);
  const char *bytes = static_cast<const char *>(data);
  // pwrite leaves the offset at 0, where readers start.
  for (size_t done = 0; fd.valid() && done < size;) {
    const ssize_t count = TEMP_FAILURE_RETRY(pwrite(fd.get(), bytes + done, size - done, static_cast<off_t>(done)));
    if (count < 0) return UniqueFd();
    done += static_cast<size_t>(count);
  }
  return fd.valid() ? close_to_writing(std::move(fd)) : UniqueFd();
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
  return lseek(fd.get(), 0, SEEK_SET) == 0 ? close_to_writing(std::move(fd)) : UniqueFd();
}

}  // namespace addon
