// Steps that give up privileges: ids, capabilities, no_new_privs. All system calls are made
// directly: the C library would do them for all threads, and runt-init has one.
#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "handlers.h"

static_assert(sizeof(long) == 8, "the set*id calls below take 32-bit ids on 64-bit machines only");

namespace init {
namespace {

constexpr uint32_t kCapabilityBits = 64;

uint32_t low(uint64_t set) { return static_cast<uint32_t>(set); }
uint32_t high(uint64_t set) { return static_cast<uint32_t>(set >> 32); }

// Values of keep_groups.
constexpr uint32_t kKeep = 1, kIfAllowed = 2;

bool set_groups(Context &context, const steps::EnterUser &step) {
  if (step.keep_groups == kKeep) return true;
  if (syscall(SYS_setgroups, step.groups.count, step.groups.data) == 0) return true;
  // /proc/PID/setgroups of a user namespace that was joined says "deny": nobody can set them there.
  if (errno != EPERM || step.keep_groups != kIfAllowed) return context.fail(errno, "set additional groups");
  if (step.groups.count > 0) context.warn(EPERM, "additional groups are not set: the user namespace denies it");
  return true;
}

}  // namespace

bool run(Context &context, const steps::EnterUser &step) {
  if (!set_groups(context, step)) return false;
  if (syscall(SYS_setresgid, step.gid, step.gid, step.gid) != 0) return context.fail(errno, "set gid %u", step.gid);
  if (syscall(SYS_setresuid, step.uid, step.uid, step.uid) != 0) return context.fail(errno, "set uid %u", step.uid);
  // A change of ids sets it to /proc/sys/fs/suid_dumpable, which may be 1.
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return true;
}

bool run(Context &context, const steps::SetSecurebits &step) {
  if (prctl(PR_SET_KEEPCAPS, static_cast<unsigned long>(step.keepcaps), 0, 0, 0) == 0) return true;
  return context.fail(errno, "keep capabilities over the change of user");
}

bool run(Context &context, const steps::DropBounding &step) {
  for (uint32_t capability = 0; capability < kCapabilityBits; ++capability) {
    if (step.keep >> capability & 1) continue;
    if (prctl(PR_CAPBSET_DROP, static_cast<unsigned long>(capability), 0, 0, 0) == 0) continue;
    if (errno == EINVAL) break;  // this kernel's last capability lies behind us
    int error = errno;
    // Without CAP_SETPCAP nothing can be dropped, but what is asked for may be so already.
    if (error == EPERM && prctl(PR_CAPBSET_READ, static_cast<unsigned long>(capability), 0, 0, 0) == 0) continue;
    return context.fail(error, "drop capability %u from the bounding set", capability);
  }
  return true;
}

bool run(Context &context, const steps::SetCapabilities &step) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct sets[2] = {
      {low(step.effective), low(step.permitted), low(step.inheritable)},
      {high(step.effective), high(step.permitted), high(step.inheritable)},
  };
  if (syscall(SYS_capset, &header, sets) != 0) return context.fail(errno, "set capabilities");
  // What the caller of runt had there is not the container's. EINVAL before Linux 4.3.
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (uint32_t capability = 0; capability < kCapabilityBits; ++capability) {
    if (!(step.ambient >> capability & 1)) continue;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, static_cast<unsigned long>(capability), 0, 0) != 0) {
      context.warn(errno, "raise ambient capability %u", capability);
    }
  }
  return true;
}

bool run(Context &context, const steps::SetNoNewPrivs &) {
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 || context.fail(errno, "set no_new_privs");
}

}  // namespace init
