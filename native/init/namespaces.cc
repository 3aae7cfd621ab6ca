// Steps that open, join and leave namespaces.
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "fd.h"
#include "handlers.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace init {
namespace {

struct Kind {
  uint32_t flag;
  const char *name;
};

constexpr Kind kKinds[] = {
    {CLONE_NEWUSER, "user"}, {CLONE_NEWNS, "mount"}, {CLONE_NEWPID, "pid"},       {CLONE_NEWNET, "network"},
    {CLONE_NEWIPC, "ipc"},   {CLONE_NEWUTS, "uts"},  {CLONE_NEWCGROUP, "cgroup"}, {CLONE_NEWTIME, "time"},
};

const char *kind_name(uint32_t type) {
  for (const Kind &kind : kKinds) {
    if (kind.flag == type) return kind.name;
  }
  return "unknown";
}

}  // namespace

bool run(Context &context, const steps::OpenNamespace &step) {
  // O_NONBLOCK: the path may name anything, also a FIFO that nobody writes to.
  UniqueFd fd(retry([&] { return open(step.path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); }));
  if (!fd) return context.fail(errno, "open namespace %s", step.path);
  int type = ioctl(fd.get(), NS_GET_NSTYPE);
  if (type < 0) return context.fail(0, "%s is not a namespace file", step.path);
  if (static_cast<uint32_t>(type) != step.type) {
    return context.fail(0, "%s is a namespace of type %s, not %s", step.path, kind_name(static_cast<uint32_t>(type)),
                        kind_name(step.type));
  }
  MountSlot *slot = context.slot(step.slot);
  UniqueFd old(slot->fd);
  slot->fd = fd.release();
  slot->joined = false;
  return true;
}

bool run(Context &context, const steps::JoinNamespace &step) {
  MountSlot *slot = context.slot(step.slot);
  if (slot->joined) return true;
  if (setns(slot->fd, static_cast<int>(step.type)) != 0) {
    if (errno == EPERM && step.tolerate) return true;
    return context.fail(errno, "join %s namespace", kind_name(step.type));
  }
  slot->joined = true;
  context.joined = true;
  return true;
}

bool run(Context &context, const steps::Unshare &step) {
  if (unshare(static_cast<int>(step.flags)) == 0) return true;
  int error = errno;
  char names[128] = "";
  size_t used = 0;
  for (const Kind &kind : kKinds) {
    if (!(step.flags & kind.flag)) continue;
    for (const char *from = used ? ", " : ""; *from; ++from) names[used++] = *from;
    for (const char *from = kind.name; *from; ++from) names[used++] = *from;
  }
  names[used] = '\0';
  return context.fail(error, "unshare %s namespace", names);
}

}  // namespace init
