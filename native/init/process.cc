// Steps that set one plain attribute of the process or of its uts namespace.
#include <errno.h>
#include <linux/keyctl.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "handlers.h"

namespace init {

bool run(Context &context, const steps::SetDumpable &step) {
  if (prctl(PR_SET_DUMPABLE, static_cast<unsigned long>(step.value), 0, 0, 0) == 0) return true;
  return context.fail(errno, "set dumpable to %u", step.value);
}

bool run(Context &context, const steps::SetSession &) {
  return setsid() >= 0 || context.fail(errno, "start a session");
}

bool run(Context &context, const steps::JoinKeyring &step) {
  if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, step.name) >= 0) return true;
  // A keyring of its own is no boundary that holds alone, so a full quota, a kernel without keys
  // or a seccomp profile around runt must not stop the container.
  if (errno == EDQUOT || errno == ENOSYS || errno == EPERM) {
    context.warn(errno, "join session keyring %s", step.name);
    return true;
  }
  return context.fail(errno, "join session keyring %s", step.name);
}

bool run(Context &context, const steps::SetHostname &step) {
  return sethostname(step.name, strlen(step.name)) == 0 || context.fail(errno, "set hostname %s", step.name);
}

bool run(Context &context, const steps::SetDomainname &step) {
  return setdomainname(step.name, strlen(step.name)) == 0 || context.fail(errno, "set domainname %s", step.name);
}

bool run(Context &context, const steps::SetPersonality &step) {
  return personality(step.persona) != -1 || context.fail(errno, "set personality 0x%x", step.persona);
}

bool run(Context &context, const steps::GiveStream &step) {
  if (fchown(static_cast<int>(step.fd), step.uid, static_cast<gid_t>(-1)) == 0) return true;
  // A user namespace has no say in files of owners that it does not map (EPERM), nor for a user that it does not map
  // itself (EINVAL). The program can use the descriptor all the same; it can't open it again.
  if (errno == EPERM || errno == EINVAL || errno == EROFS) return true;
  return context.fail(errno, "give descriptor %u to the container's user", step.fd);
}

bool run(Context &context, const steps::Trace &) {
  context.tracing = true;
  return true;
}

bool run(Context &, const steps::SetUmask &step) {
  umask(step.mask);
  return true;
}

}  // namespace init
