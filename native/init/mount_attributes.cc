// set_tree and idmap_tree: what a tree of mounts may do, set before anybody can see it.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "handlers.h"
#include "kernel.h"
#include "mount_tree.h"

namespace init {
namespace {

struct Name {
  uint64_t attribute;
  unsigned long status;
  const char *name;
};
constexpr Name kNames[] = {
    {MOUNT_ATTR_RDONLY, kStReadOnly, "ro"},
    {MOUNT_ATTR_NOSUID, kStNoSuid, "nosuid"},
    {MOUNT_ATTR_NODEV, kStNoDev, "nodev"},
    {MOUNT_ATTR_NOEXEC, kStNoExec, "noexec"},
    {MOUNT_ATTR__ATIME, kStNoAtime | kStRelAtime, "atime"},
    {MOUNT_ATTR_NODIRATIME, kStNoDirAtime, "nodiratime"},
};

// Which of the flags to clear the mount has: those that a user namespace may hold locked.
bool fail_locked(Context &context, int mount, uint64_t clear) {
  char text[64] = "";
  struct statfs status;
  if (fstatfs(mount, &status) == 0) {
    for (const Name &flag : kNames) {
      if (!(clear & flag.attribute) || !(static_cast<unsigned long>(status.f_flags) & flag.status)) continue;
      size_t used = strlen(text);
      snprintf(text + used, sizeof text - used, "%s%s", used ? "," : "", flag.name);
    }
  }
  if (!*text) return context.fail(EPERM, "set mount attributes");
  return context.fail(EPERM, "change %s of a mount, which a user namespace may have locked", text);
}

bool set_attributes(Context &context, int mount, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive) {
  struct mount_attr attributes = {};
  // mount_setattr changes what it is told and keeps the rest, so a locked flag is in the way only
  // when the config asks to clear it: then EPERM is the answer, as with mount(8).
  attributes.attr_set = set;
  attributes.attr_clr = clear;
  attributes.propagation = propagation & ~static_cast<uint64_t>(MS_REC);
  if (sys_mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attributes) == 0) return true;
  if (errno == EPERM && clear) return fail_locked(context, mount, clear);
  return context.fail(errno, "set mount attributes");
}

// File systems that containers meet often and that can't be mapped, or could not for long.
struct FileSystem {
  unsigned long magic;
  const char *name;
};
constexpr FileSystem kUnmappable[] = {
    {0x9fa0, "proc"},        {0x62656572, "sysfs"},      {0x794c7630, "overlay"}, {0x6969, "nfs"},
    {0x65735546, "fuse"},    {0x63677270, "cgroup2"},    {0x27e0eb, "cgroup"},    {0x01021997, "9p"},
    {0x1cd1, "devpts"},      {0x19800202, "mqueue"},     {0x01021994, "tmpfs"},   {0x64626720, "debugfs"},
    {0x74726163, "tracefs"}, {0x73636673, "securityfs"}, {0xcafe4a11, "bpf"},     {0x858458f6, "ramfs"},
};

bool fail_idmap(Context &context, int mount, int error, bool recursive) {
  if (error == EPERM) {
    return context.fail(EPERM, "map the ids of a mount: they are mapped already, or its file system is another user's");
  }
  if (error != EINVAL) return context.fail(error, "map the ids of a mount");
  const char *name = "its file system";
  struct statfs status;
  if (fstatfs(mount, &status) == 0) {
    for (const FileSystem &one : kUnmappable) {
      if (one.magic == (static_cast<unsigned long>(status.f_type) & 0xffffffff)) name = one.name;
    }
  }
  return context.fail(EINVAL, "map the ids of a mount: %s%s can't, or not on this kernel", name,
                      recursive ? " or a file system below it" : "");
}

void remember(ClassicMount &classic, uint64_t set, uint64_t clear, uint64_t propagation) {
  classic.set = (classic.set & ~clear) | set;
  classic.clear |= clear;
  if (propagation) classic.propagation = propagation;
}

}  // namespace

bool change_attributes(Context &context, MountSlot &slot, uint64_t set, uint64_t clear, uint64_t propagation,
                       bool recursive) {
  // One value of several bits: setting it means leaving the one before.
  if (set & MOUNT_ATTR__ATIME) clear |= MOUNT_ATTR__ATIME;
  if (!set && !clear && !propagation) return true;
  if (slot.tree == MountSlot::Tree::None || (slot.fd < 0 && slot.tree != MountSlot::Tree::Classic)) {
    return context.fail(EBADF, "set mount attributes: the slot holds no mount");
  }
  // A new file system is one mount, all of it.
  if (slot.tree == MountSlot::Tree::Classic && slot.classic->type) recursive = false;
  if (recursive && (set || clear) && !has_mount_api()) {
    return context.fail(ENOSYS, "set recursive mount attributes: needs mount_setattr(2), Linux 5.12");
  }
  if (slot.tree == MountSlot::Tree::Classic) {
    remember(*slot.classic, set, clear, propagation);
    return true;
  }
  if (!has_mount_api()) {
    if ((set || clear) && !remount(context, slot.fd, set, clear)) {
      if (errno == EPERM && clear) return fail_locked(context, slot.fd, clear);
      return context.fail(errno, "set mount attributes");
    }
    if (propagation && !set_propagation(context, slot.fd, propagation)) {
      return context.fail(errno, "set mount propagation");
    }
    return true;
  }
  bool deep = propagation & MS_REC;
  if ((set || clear) && propagation && deep == recursive) {
    return set_attributes(context, slot.fd, set, clear, propagation, recursive);
  }
  if ((set || clear) && !set_attributes(context, slot.fd, set, clear, 0, recursive)) return false;
  return !propagation || set_attributes(context, slot.fd, 0, 0, propagation, deep);
}

bool run(Context &context, const steps::SetTree &step) {
  MountSlot *slot = context.slot(step.slot);
  if (!slot) return context.fail(EBADF, "set mount attributes: no slot");
  return change_attributes(context, *slot, step.set, step.clear, step.propagation, step.recursive);
}

bool run(Context &context, const steps::IdmapTree &step) {
  MountSlot *slot = context.slot(step.slot);
  MountSlot *userns = context.slot(step.userns);
  if (!slot || !userns || userns->fd < 0) return context.fail(EBADF, "map the ids of a mount: no slot");
  if (!has_mount_api()) {
    return context.fail(ENOSYS, "map the ids of a mount: needs mount_setattr(2), Linux 5.12");
  }
  // Only a mount that nobody has seen yet can be mapped.
  if (slot->tree != MountSlot::Tree::Detached) {
    return context.fail(EINVAL, "map the ids of a mount: it must be detached");
  }
  struct mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<uint64_t>(userns->fd);
  if (sys_mount_setattr(slot->fd, "", AT_EMPTY_PATH | (step.recursive ? AT_RECURSIVE : 0), &attributes) == 0) {
    return true;
  }
  return fail_idmap(context, slot->fd, errno, step.recursive);
}

}  // namespace init
