// join_process: the way of exec into the namespaces of a container that runs.
//
// What runs there is hostile. So nothing is opened inside, this process holds no descriptor of the
// host when it comes in, and it can't be traced by what it meets (CVE-2016-9962, CVE-2019-5736).
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "fd.h"
#include "handlers.h"
#include "namespaces.h"
#include "procfs.h"

namespace init {
namespace {

// Field 22 of /proc/PID/stat, counted from the state (field 3), which follows the last bracket:
// the name between the brackets may hold anything.
constexpr int kStartTimeAfterState = 19;

bool has_start_time(int directory, uint64_t start_time) {
  UniqueFd file(retry([&] { return openat(directory, "stat", O_RDONLY | O_NOFOLLOW | O_CLOEXEC); }));
  char text[1024];
  ssize_t size = file ? retry([&] { return read(file.get(), text, sizeof text - 1); }) : -1;
  if (size <= 0) return false;
  text[size] = '\0';
  const char *at = strrchr(text, ')');
  if (at) at = strchr(at, ' ');
  for (int field = 0; at && field < kStartTimeAfterState; ++field) at = strchr(at + 1, ' ');
  return at && strtoull(at + 1, nullptr, 10) == start_time;
}

// The /proc directories of the process and of this one. A descriptor of such a directory stays
// bound to its process: after that one's end everything in it is ESRCH.
struct Directories {
  UniqueFd theirs, own;

  bool find(uint32_t pid, uint64_t start_time) {
    UniqueFd proc(open_mounted_procfs());
    if (!proc) return false;
    char name[16];
    snprintf(name, sizeof name, "%u", pid);
    constexpr int kFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    theirs.reset(retry([&] { return openat(proc.get(), name, kFlags | O_NOFOLLOW); }));
    own.reset(retry([&] { return openat(proc.get(), "self", kFlags); }));
    if (!theirs || !own) {
      if (errno == ENOENT) errno = ESRCH;
      return false;
    }
    if (has_start_time(theirs.get(), start_time)) return true;
    errno = ESRCH;
    return false;
  }

  // Those of `among` that are not this process's own. False with errno when one can't be looked at: what is not
  // known to be the same must not be taken for it. Only what this process lacks too is no kind that the kernel has: a
  // process that has ended has left its namespaces, and its program would be run in the host's.
  bool find_differing(uint32_t among, uint32_t &flags) const {
    flags = 0;
    for (const NamespaceKind &kind : kNamespaces) {
      if (!(among & kind.flag)) continue;
      struct stat mine, other;
      if (fstatat(own.get(), kind.file, &mine, 0) != 0) {
        if (errno == ENOENT) continue;
        return false;
      }
      if (fstatat(theirs.get(), kind.file, &other, 0) != 0) {
        if (errno == ENOENT) errno = ESRCH;
        return false;
      }
      if (mine.st_ino != other.st_ino || mine.st_dev != other.st_dev) flags |= kind.flag;
    }
    return true;
  }
};

constexpr uint32_t all_flags() {
  uint32_t flags = 0;
  for (const NamespaceKind &kind : kNamespaces) flags |= kind.flag;
  return flags;
}

// Before Linux 5.8, and on kernels without pidfds. All are opened before the first is joined:
// after the mount namespace this /proc is out of reach.
bool join_one_by_one(Context &context, const Directories &directories, uint32_t flags) {
  UniqueFd files[kNamespaceCount];
  for (unsigned i = 0; i < kNamespaceCount; ++i) {
    const NamespaceKind &kind = kNamespaces[i];
    if (!(flags & kind.flag)) continue;
    files[i].reset(retry([&] { return openat(directories.theirs.get(), kind.file, O_RDONLY | O_CLOEXEC); }));
    if (!files[i]) return context.fail(errno, "open the %s namespace of the container", kind.name);
  }
  auto join = [&](unsigned i, bool tolerate) {
    if (!files[i]) return true;
    const NamespaceKind &kind = kNamespaces[i];
    if (setns(files[i].get(), static_cast<int>(kind.flag)) == 0) {
      files[i].reset();
      return true;
    }
    return (tolerate && errno == EPERM) || context.fail(errno, "join the %s namespace of the container", kind.name);
  };
  // A namespace may be owned by the user namespace that is joined too, or by one above it that
  // only the host's privileges open: each is tried before that one and again after it.
  for (unsigned i = 1; i < kNamespaceCount && files[0]; ++i) {
    if (!join(i, /*tolerate=*/true)) return false;
  }
  for (unsigned i = 0; i < kNamespaceCount; ++i) {
    if (!join(i, /*tolerate=*/false)) return false;
  }
  return true;
}

// The root of a container in the host's mount namespace, which only its processes lead to.
bool enter(Context &context, int root) {
  if (fchdir(root) == 0 && chroot(".") == 0 && chdir("/") == 0) return true;
  return context.fail(errno, "enter the container's root");
}

}  // namespace

bool run(Context &context, const steps::JoinProcess &step) {
  MountSlot *slot = context.slot(step.process);
  UniqueFd process(slot ? slot->fd : -1);
  if (slot) slot->fd = -1;
  // One that was opened for an earlier step shows the host.
  context.close_proc();

  Directories directories;
  if (!directories.find(step.pid, step.start_time))
    return context.fail(errno, "find the container's first process, %u", step.pid);
  uint32_t flags;
  if (!directories.find_differing(all_flags(), flags)) {
    return context.fail(errno, "look at the namespaces of the container's first process, %u", step.pid);
  }
  // Opened before the joins, which put this /proc out of reach.
  UniqueFd root;
  if (step.root) {
    root.reset(retry([&] { return openat(directories.theirs.get(), "root", O_PATH | O_DIRECTORY | O_CLOEXEC); }));
    if (!root) return context.fail(errno, "open the root of the container's first process, %u", step.pid);
  }
  const uint32_t differing = flags;
  flags |= step.flags;
  auto join_at_once = [&] { return process && setns(process.get(), static_cast<int>(flags)) == 0; };
  if (flags != 0 && !join_at_once()) {
    // EINVAL: one of them is this process's own user namespace; EPERM: one is its own, and it has
    // no right to join it. Both also come from kernels before 5.8.
    flags = differing;
    if (flags != 0 && !join_at_once() && !join_one_by_one(context, directories, flags)) return false;
  }
  // A change of the user namespace sets it to /proc/sys/fs/suid_dumpable, which may be 1.
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  context.joined = true;
  return !root || enter(context, root.get());
}

}  // namespace init
