// Mounts by mount(2), for kernels before 5.12 and seccomp profiles without the calls on
// descriptors. The target is named by the kernel's own link to the resolved descriptor
// (self/fd/N in the private procfs), never by its path (CVE-2021-30465); what comes out is
// opened again and checked to be the mount that was made.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "copy_tree.h"
#include "kernel.h"
#include "mount_options.h"
#include "mount_tree.h"

namespace init {
namespace {

constexpr uint64_t kPropagations = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

// Stands in the private procfs, so that "self/fd/N" is a path that nothing can be mounted over.
class InProc {
 public:
  explicit InProc(Context &context) : before_(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    int proc = context.proc(false);
    ready_ = proc >= 0 && before_ && fchdir(proc) == 0;
  }
  ~InProc() {
    int error = errno;
    if (ready_ && fchdir(before_.get()) != 0) (void)chdir("/");
    errno = error;
  }
  bool ready() const { return ready_; }

 private:
  UniqueFd before_;
  bool ready_;
};

struct FdPath {
  explicit FdPath(int fd) { snprintf(text, sizeof text, "self/fd/%d", fd); }
  char text[32];
};

bool mount_at(Context &context, const char *source, int target, const char *type, uint64_t flags, const char *data) {
  InProc in(context);
  return in.ready() && mount(source, FdPath(target).text, type, flags, data) == 0;
}

bool bind_at(Context &context, int source, int target, bool recursive) {
  return mount_at(context, FdPath(source).text, target, nullptr, MS_BIND | (recursive ? MS_REC : 0), nullptr);
}

struct FlagPair {
  uint64_t attribute;
  unsigned long status;
  unsigned long flag;
};
constexpr FlagPair kFlags[] = {
    {MOUNT_ATTR_RDONLY, kStReadOnly, MS_RDONLY},
    {MOUNT_ATTR_NOSUID, kStNoSuid, MS_NOSUID},
    {MOUNT_ATTR_NODEV, kStNoDev, MS_NODEV},
    {MOUNT_ATTR_NOEXEC, kStNoExec, MS_NOEXEC},
    {MOUNT_ATTR_NODIRATIME, kStNoDirAtime, MS_NODIRATIME},
    {MOUNT_ATTR_NOSYMFOLLOW, kStNoSymFollow, MS_NOSYMFOLLOW},
};

// The flags for a remount: those that the mount has, so that locked ones stay, as changed.
unsigned long changed_flags(unsigned long status, uint64_t set, uint64_t clear) {
  unsigned long flags = 0;
  for (const FlagPair &pair : kFlags) {
    bool on = (status & pair.status) && !(clear & pair.attribute);
    if (on || (set & pair.attribute)) flags |= pair.flag;
  }
  if (clear & MOUNT_ATTR__ATIME) {
    uint64_t atime = set & MOUNT_ATTR__ATIME;
    if (atime == MOUNT_ATTR_NOATIME) return flags | MS_NOATIME;
    return flags | (atime == MOUNT_ATTR_STRICTATIME ? MS_STRICTATIME : MS_RELATIME);
  }
  if (status & kStNoAtime) return flags | MS_NOATIME;
  return flags | (status & kStRelAtime ? MS_RELATIME : MS_STRICTATIME);
}

// The file that a bind mount is made of, opened in this mount namespace: a descriptor from another
// one (opened before unshare or pivot_root) is EINVAL for mount(2). It must be the file that was
// checked when the step was run; the null device may be another node of the same device.
UniqueFd reopen_source(Context &context, const MountSlot &slot) {
  const ClassicMount &how = *slot.classic;
  Links links = how.nofollow || how.expect == kNullDevice ? Links::Last : Links::Follow;
  UniqueFd fd = left_host ? open_in_root(context, how.source, O_PATH, links)
                          : UniqueFd(open(how.source, O_PATH | O_CLOEXEC | (how.nofollow ? O_NOFOLLOW : 0)));
  struct stat before, now;
  if (!fd || fstat(slot.fd, &before) != 0 || fstat(fd.get(), &now) != 0) return {};
  bool same = how.expect == kNullDevice ? S_ISCHR(now.st_mode) && now.st_rdev == makedev(1, 3)
                                        : before.st_dev == now.st_dev && before.st_ino == now.st_ino;
  if (same) return fd;
  errno = ESTALE;
  return {};
}

bool bind_source(Context &context, MountSlot &slot, const Target &target) {
  if (bind_at(context, slot.fd, target.fd, slot.classic->recursive)) return true;
  if (errno != EINVAL) return false;
  UniqueFd again = reopen_source(context, slot);
  if (!again || !bind_at(context, again.get(), target.fd, slot.classic->recursive)) return false;
  hold(slot, static_cast<UniqueFd &&>(again));
  return true;
}

bool mount_filesystem(Context &context, MountSlot &slot, const Target &target) {
  const ClassicMount &how = *slot.classic;
  char data[kClassicDataSize];
  if (!classic_data(how, data)) {
    errno = E2BIG;
    return false;
  }
  if (slot.adopt_mode) {
    struct stat covered;
    size_t used = strlen(data);
    if (fstat(target.fd, &covered) == 0 && used + 16 < sizeof data) {
      snprintf(data + used, sizeof data - used, "%smode=%04o", used ? "," : "", covered.st_mode & 07777);
    }
  }
  // With its flags from the start. Read-only only when the superblock shall be, which others may share …
  uint64_t set = how.set & ~static_cast<uint64_t>(MOUNT_ATTR_RDONLY);
  unsigned long flags = how.superblock | changed_flags(0, set, how.clear);
  if (mount_at(context, how.source, target.fd, how.type, flags, data)) return true;
  // … or must be: in a user namespace whose own procfs is read-only.
  if (errno != EPERM || !(how.set & MOUNT_ATTR_RDONLY)) return false;
  return mount_at(context, how.source, target.fd, how.type, flags | MS_RDONLY, data);
}

// Looks at the target again: now the mount is on top.
UniqueFd open_mounted(Context &context, const MountSlot &slot, const Target &target) {
  UniqueFd top;
  if (target.host) {
    top.reset(open(target.path, O_PATH | O_CLOEXEC));
  } else if (is_root(context, target.fd)) {
    top = open_covered_root(context);
  } else {
    top = open_in_root(context, target.path, O_PATH, target.links);
  }
  struct stat source, mounted;
  if (!top || fstat(top.get(), &mounted) != 0) return {};
  bool right = mount_number(context, top.get()) != mount_number(context, target.fd);
  if (slot.fd >= 0) {
    if (fstat(slot.fd, &source) != 0) return {};
    right = right && source.st_dev == mounted.st_dev && source.st_ino == mounted.st_ino;
  }
  if (right) return top;
  errno = ESTALE;
  return {};
}

bool finish(Context &context, MountSlot &slot, const Target &target) {
  const ClassicMount &how = *slot.classic;
  if (how.copy_up && !copy_tree(context, target.fd, slot.fd, target.path, slot.adopt_owner)) return false;
  return change_attributes(context, slot, how.set, how.clear, how.propagation, /*recursive=*/false);
}

}  // namespace

bool remount(Context &context, int mount, uint64_t set, uint64_t clear) {
  struct statfs status;
  if (fstatfs(mount, &status) != 0) return false;
  unsigned long flags = changed_flags(static_cast<unsigned long>(status.f_flags), set, clear);
  return mount_at(context, nullptr, mount, nullptr, MS_REMOUNT | MS_BIND | flags, nullptr);
}

bool set_propagation(Context &context, int mount, uint64_t propagation) {
  return mount_at(context, nullptr, mount, nullptr, propagation & (kPropagations | MS_REC), nullptr);
}

bool attach_classic(Context &context, MountSlot &slot, const Target &target) {
  bool done = slot.classic->type ? mount_filesystem(context, slot, target) : bind_source(context, slot, target);
  if (!done && errno == E2BIG) return context.fail(E2BIG, "mount at %s: options longer than a page", target.path);
  if (!done) return context.fail(errno, "mount at %s", target.path);
  UniqueFd top = open_mounted(context, slot, target);
  if (!top) return context.fail(errno, "open what was mounted at %s", target.path);
  hold(slot, static_cast<UniqueFd &&>(top));
  slot.tree = MountSlot::Tree::Attached;
  return finish(context, slot, target);
}

}  // namespace init
