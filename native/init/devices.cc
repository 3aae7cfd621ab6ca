// Nodes, links and directories of the container, mostly in its /dev. All are made by name in a
// resolved parent, the last name is never followed, and only what was made or verified here is
// given mode and owner (CVE-2026-41579, CVE-2026-47766, CVE-2026-88264, CVE-2026-88265).
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "handlers.h"
#include "kernel.h"
#include "mount_tree.h"

namespace init {
namespace {

constexpr uint32_t kMaxMajor = 0xfff, kMaxMinor = 0xfffff;  // what the kernel's device numbers hold

bool is_node(const steps::MakeNode &step, const struct stat &status) {
  if ((status.st_mode & S_IFMT) != step.type) return false;
  return step.type == S_IFIFO || status.st_rdev == makedev(step.major, step.minor);
}

// The image or a bind mount may show the host's own nodes: they keep mode and owner, whoever runs
// in the container.
bool is_of_host(int parent, const struct stat &node) {
  struct stat around, dev;
  if (fstat(parent, &around) != 0 || around.st_dev != node.st_dev) return true;  // mounted on its place
  return !left_host && stat("/dev", &dev) == 0 && dev.st_dev == node.st_dev;
}

// Gives the verified node behind fd the mode and owner of the config, where they differ.
bool dress(Context &context, const steps::MakeNode &step, int fd, const struct stat &status) {
  if (status.st_uid != step.uid || status.st_gid != step.gid) {
    if (fchownat(fd, "", step.uid, step.gid, AT_EMPTY_PATH) != 0)
      return context.fail(errno, "change the owner of %s", step.path);
  }
  if ((status.st_mode & 07777) != (step.mode & 07777)) {
    if (!change_mode(context, fd, step.mode & 07777)) return context.fail(errno, "change the mode of %s", step.path);
  }
  return true;
}

// The host's node of the same path and number, on an empty file.
bool bind_host_node(Context &context, const steps::MakeNode &step, Place &place) {
  MountSlot slot;
  ClassicMount classic;
  bool cloned = clone_path(context, slot, classic, step.path, /*recursive=*/false, /*nofollow=*/false, kDevice);
  UniqueFd owner(slot.fd);
  if (!cloned) return false;
  struct stat status;
  if (fstat(slot.fd, &status) != 0) return context.fail(errno, "stat %s", step.path);
  if (!is_node(step, status))
    return context.fail(ENODEV, "open %s: the host's node has another type or number", step.path);
  UniqueFd file = make_file(place, 0);
  if (!file) return context.fail(errno, "make mount point %s", step.path);
  bool done = attach(context, slot, {file.get(), step.path, Links::Last});
  owner.release();
  UniqueFd attached(slot.fd);
  return done;
}

bool keep_node(Context &context, const steps::MakeNode &step, Place &place) {
  struct stat status;
  if (fstat(place.fd.get(), &status) != 0) return context.fail(errno, "stat %s", step.path);
  if (is_node(step, status)) {
    return is_of_host(place.parent.get(), status) || dress(context, step, place.fd.get(), status);
  }
  // The mount point that an earlier container in a user namespace has left in this image.
  bool empty = S_ISREG(status.st_mode) && status.st_size == 0;
  if (empty && step.type != S_IFIFO && !left_host) return bind_host_node(context, step, place);
  return context.fail(EEXIST, "make device %s: another file is in its place", step.path);
}

}  // namespace

bool run(Context &context, const steps::MakeNode &step) {
  if (step.type != S_IFCHR && step.type != S_IFBLK && step.type != S_IFIFO) {
    return context.fail(EINVAL, "make device %s: unknown type", step.path);
  }
  if (step.major > kMaxMajor || step.minor > kMaxMinor) {
    return context.fail(EINVAL, "make device %s: no such number", step.path);
  }
  Place place;
  if (!open_place(context, step.path, Links::Last, place)) return context.fail(errno, "make device %s", step.path);
  if (place.fd)
    return place.parent ? keep_node(context, step, place) : context.fail(EEXIST, "make device %s", step.path);
  {
    NoUmask none;
    dev_t number = step.type == S_IFIFO ? 0 : makedev(step.major, step.minor);
    if (mknodat(place.parent.get(), place.name, step.type | (step.mode & 07777), number) != 0) {
      // A user namespace can't make nodes.
      if (errno == EPERM && step.type != S_IFIFO && !left_host) return bind_host_node(context, step, place);
      if (errno != EEXIST) return context.fail(errno, "make device %s", step.path);
    }
  }
  place.fd.reset(openat(place.parent.get(), place.name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status;
  if (!place.fd || fstat(place.fd.get(), &status) != 0) return context.fail(errno, "open device %s", step.path);
  // Somebody else was quicker, or has put another file there since.
  if (!is_node(step, status)) return context.fail(EEXIST, "make device %s: another file is in its place", step.path);
  return dress(context, step, place.fd.get(), status);
}

bool run(Context &context, const steps::BindNode &step) {
  MountSlot *slot = context.slot(step.slot);
  if (!slot) return context.fail(EBADF, "mount at %s: no slot", step.path);
  Place place;
  if (!open_place(context, step.path, Links::Last, place)) return context.fail(errno, "make mount point %s", step.path);
  UniqueFd file = make_file(place, 0644);
  struct stat status;
  if (!file || fstat(file.get(), &status) != 0) return context.fail(errno, "make mount point %s", step.path);
  if (S_ISLNK(status.st_mode)) return context.fail(ELOOP, "mount at %s: a symlink in the root filesystem", step.path);
  return attach(context, *slot, {file.get(), step.path, Links::Last});
}

bool run(Context &context, const steps::MakeSymlink &step) {
  Place place;
  if (!open_place(context, step.path, Links::Last, place) || !make_link(place, step.text)) {
    return context.fail(errno, "make symlink %s", step.path);
  }
  if (!place.fd) return true;
  struct stat status;
  if (fstat(place.fd.get(), &status) != 0) return context.fail(errno, "stat %s", step.path);
  // Nothing of the image is removed to make room: in a bound directory it would be the host's.
  if (S_ISLNK(status.st_mode) || !step.replace) return true;
  return context.fail(EEXIST, "make symlink %s: another file is in its place", step.path);
}

bool run(Context &context, const steps::MakeDirectory &step) {
  bool made;
  UniqueFd directory = make_directories(context, step.path, step.mode & 07777, Links::Follow, &made);
  if (!directory) return context.fail(errno, "make directory %s", step.path);
  if (!made) return true;
  struct stat status;
  if (fstat(directory.get(), &status) != 0) return context.fail(errno, "stat %s", step.path);
  if (status.st_uid == step.uid && status.st_gid == step.gid) return true;
  if (fchownat(directory.get(), "", step.uid, step.gid, AT_EMPTY_PATH) == 0) return true;
  return context.fail(errno, "change the owner of %s", step.path);
}

}  // namespace init
