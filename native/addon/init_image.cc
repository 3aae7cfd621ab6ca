// The protected image of runt-init: see init_image.h.
#include "init_image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>

#include "memory_file.h"

namespace addon {
namespace {

UniqueFd detached_mount(const std::string &path, const char *&syscall_name) {
  syscall_name = "open_tree";
  UniqueFd tree(static_cast<int>(
      syscall(SYS_open_tree, AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW)));
  if (!tree.valid()) return tree;
  syscall_name = "mount_setattr";
  struct mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0) return UniqueFd();
  return tree;
}

// A copy without seals can be written to by who got hold of it by /proc/PID/exe, once nobody executes it
// any more. So each such copy is executed once: the next runt-init is none that a container has met.
bool is_sealed(int fd) {
  const int seals = fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (seals & F_SEAL_WRITE);
}

}  // namespace

InitImage init_image(const std::string &path) {
  static std::string cached_path;
  static UniqueFd cached;
  if (cached.valid() && cached_path == path && is_sealed(cached.get())) return {cached.get(), 0, ""};

  const UniqueFd file(TEMP_FAILURE_RETRY(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)));
  if (!file.valid()) return {-1, errno, "open"};
  const char *syscall_name = "memfd_create";
  UniqueFd image = copy_to_memory_file("runt-init", MemoryFile::Program, file.get());
  // vm.memfd_noexec=2 says EACCES (Linux 6.3); then, and without memfds, no place may be left that
  // programs can run from.
  if (!image.valid()) image = detached_mount(path, syscall_name);
  if (!image.valid()) return {-1, errno, syscall_name};
  cached = std::move(image);
  cached_path = path;
  return {cached.get(), 0, ""};
}

}  // namespace addon
