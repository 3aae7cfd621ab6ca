// Steps that open, join and leave namespaces.
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "fd.h"
#include "handlers.h"
#include "namespaces.h"

namespace init {

bool run(Context &context, const steps::OpenNamespace &step) {
  // O_NONBLOCK: the path may name anything, also a FIFO that nobody writes to.
  UniqueFd fd(retry([&] { return open(step.path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); }));
  if (!fd) return context.fail(errno, "open namespace %s", step.path);
  int type = ioctl(fd.get(), NS_GET_NSTYPE);
  if (type < 0) return context.fail(0, "%s is not a namespace file", step.path);
  if (static_cast<uint32_t>(type) != step.type) {
    return context.fail(0, "%s is a namespace of type %s, not %s", step.path,
                        namespace_name(static_cast<uint32_t>(type)), namespace_name(step.type));
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
    return context.fail(errno, "join %s namespace", namespace_name(step.type));
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
  for (const NamespaceKind &kind : kNamespaces) {
    if (!(step.flags & kind.flag)) continue;
    for (const char *from = used ? ", " : ""; *from; ++from) names[used++] = *from;
    for (const char *from = kind.name; *from; ++from) names[used++] = *from;
  }
  names[used] = '\0';
  return context.fail(error, "unshare %s namespace", names);
}

}  // namespace init
