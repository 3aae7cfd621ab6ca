// What the mount steps share: a tree of mounts that is made detached, given its attributes, and
// only then attached at a descriptor (security.md D.2), with mount(2) as the way of old kernels.
#pragma once
#include "mount_slot.h"
#include "resolve.h"
#include "steps.gen.h"

namespace init {

// Where a tree goes: the descriptor that was resolved, and how it was, for the classic way, which
// must look again at what it has mounted.
struct Target {
  int fd;
  const char *path;
  Links links = Links::Follow;
  // The path is one of the host (attach_root), not inside the root.
  bool host = false;
};

// Whether this kernel (and seccomp profile) has open_tree, fsopen, move_mount and mount_setattr:
// all or none are used. Asked once.
bool has_mount_api();

// What the source of a mount has to be: `expect` of clone_tree.
enum Expect : uint32_t { kAnything = 0, kDirectory = 1, kNullDevice = 2, kDevice = 3 };

// Fills slot with a copy of the tree at a host path. `classic` is room for the classic way and
// lives as long as the slot.
bool clone_path(Context &, MountSlot &slot, ClassicMount &classic, const char *path, bool recursive, bool nofollow,
                uint32_t expect);

// Fills slot with a copy of the mount at an open descriptor of this mount namespace.
bool clone_descriptor(Context &, MountSlot &slot, ClassicMount &classic, int fd, const char *path, bool recursive);

// Fills slot with a new file system; data and the strings of the step must outlive it.
bool make_filesystem(Context &, MountSlot &slot, ClassicMount &classic, const steps::MakeFilesystem &);

// Sets and clears MOUNT_ATTR_* bits, then the propagation (MS_*, 0: leave). A classic slot remembers them.
bool change_attributes(Context &, MountSlot &slot, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive);

// Puts the slot's tree on the target; slot.fd is the attached mount then. A directory goes on a
// directory and a file on a file.
bool attach(Context &, MountSlot &slot, const Target &);

// As attach, but of a copy, so that the slot can be used again. What the slot holds must be one mount.
bool attach_copy(Context &, MountSlot &slot, const Target &);

// The classic half of attach and change_attributes (mount_classic.cc).
bool attach_classic(Context &, MountSlot &slot, const Target &);
bool remount(Context &, int mount, uint64_t set, uint64_t clear);
bool set_propagation(Context &, int mount, uint64_t propagation);

// Puts another descriptor into the slot and closes the old one.
void hold(MountSlot &slot, UniqueFd fd);

// Makes the slot hold a new tree. Nothing of the one before stays: a bind mount in the slot of an
// earlier tmpfs must not be given that one's mode.
void fill(MountSlot &slot, MountSlot::Tree tree, UniqueFd fd, ClassicMount *classic);

// Whether the slot's tree starts with a directory.
bool is_directory_tree(const MountSlot &);

// The number of the mount that a descriptor lies on; 0 with errno when the kernel doesn't say.
uint64_t mount_number(Context &, int fd);

// Whether fd is the root directory itself, not only a mount of the same directory elsewhere.
bool is_root(Context &, int fd);

// The root as it is seen from inside, with what was mounted on it. Empty with errno.
UniqueFd open_covered_root(Context &);

// After something was mounted on the root itself: context.root becomes the mount on top.
bool enter_covered_root(Context &);

// The room for slot's classic mount in the table of the program.
ClassicMount &classic_room(Context &, const MountSlot &slot);

// pivot_root or move_root has happened: host paths are gone, and a path would mean the container's file.
extern bool left_host;

// The host's path of the root, once attach_root has run.
extern const char *host_root;

}  // namespace init
