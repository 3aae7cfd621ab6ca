// What the kernel has, and small facts about mounts.
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "mount_tree.h"
#include "procfs.h"

namespace init {
namespace {

// The kernel lets nobody make mounts who lacks this in the user namespace of the mounts.
bool may_mount() {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {};
  return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & (1u << CAP_SYS_ADMIN));
}

// Empty calls that can only fail. A seccomp profile is known by ENOSYS or, in older ones, EPERM. The last three also
// say EPERM for want of CAP_SYS_ADMIN, which is no reason to go the old way: that would end in EPERM as well, with a
// worse message.
bool probe() {
  sys_open_tree(-1, "", 0);
  if (is_missing(errno)) return false;
  syscall(SYS_mount_setattr, -1, "", 0, nullptr, 0);
  if (is_missing(errno)) return false;
  sys_fsconfig(-1, 0, nullptr, nullptr, 0);
  if (is_missing(errno)) return false;
  const bool privileged = may_mount();
  sys_fsopen(nullptr, 0);
  if (errno == ENOSYS || (errno == EPERM && privileged)) return false;
  sys_fsmount(-1, 0, 0);
  if (errno == ENOSYS || (errno == EPERM && privileged)) return false;
  sys_move_mount(-1, "", -1, "", 0);
  return errno != ENOSYS && !(errno == EPERM && privileged);
}

}  // namespace

bool left_host = false;
const char *host_root = nullptr;

bool has_mount_api() {
  static int known = -1;
  if (known < 0) known = probe() ? 1 : 0;
  return known == 1;
}

ClassicMount &classic_room(Context &context, const MountSlot &slot) {
  // Zero pages, made what they are when a step asks: in the file they would be 96 kB, which are
  // copied for every command.
  alignas(ClassicMount) static unsigned char rooms[steps::kMaxSlots * sizeof(ClassicMount)];
  ClassicMount &room = reinterpret_cast<ClassicMount *>(rooms)[&slot - context.slots];
  room = ClassicMount();
  return room;
}

void hold(MountSlot &slot, UniqueFd fd) {
  UniqueFd old(slot.fd);
  slot.fd = fd.release();
}

void fill(MountSlot &slot, MountSlot::Tree tree, UniqueFd fd, ClassicMount *classic) {
  UniqueFd old(slot.fd);
  slot = MountSlot{};
  slot.fd = fd.release();
  slot.tree = tree;
  slot.classic = classic;
}

bool is_directory_tree(const MountSlot &slot) {
  if (slot.fd < 0) return slot.tree == MountSlot::Tree::Classic;  // a file system
  struct stat status;
  return fstat(slot.fd, &status) == 0 && S_ISDIR(status.st_mode);
}

uint64_t mount_number(Context &context, int fd) {
  const uint64_t number = mount_by_statx(fd);
  if (number != 0) return number;
  const int proc = context.proc(false);
  return proc < 0 ? 0 : mount_by_fdinfo(proc, fd);
}

bool is_root(Context &context, int fd) {
  struct stat root, other;
  if (fstat(root_of(context), &root) != 0 || fstat(fd, &other) != 0) return false;
  if (root.st_dev != other.st_dev || root.st_ino != other.st_ino) return false;
  return mount_number(context, root_of(context)) == mount_number(context, fd);
}

UniqueFd open_covered_root(Context &context) {
  // A path that starts at a descriptor doesn't see what is mounted on that very directory, but ".."
  // of the root is the root as it is seen from inside: with all that is on it.
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  UniqueFd top(retry([&] { return sys_openat2(root_of(context), "..", kFlags, 0, RESOLVE_IN_ROOT); }));
  if (top || !is_missing(errno)) return top;
  // The same by the process's root; before the pivot by the host's path, no part of which is the image's.
  const char *path = left_host || !host_root ? "/.." : host_root;
  return UniqueFd(open(path, kFlags));
}

bool enter_covered_root(Context &context) {
  UniqueFd top = open_covered_root(context);
  if (!top) return context.fail(errno, "open the mount on the root");
  UniqueFd old(context.root);
  context.root = top.release();
  return true;
}

}  // namespace init
