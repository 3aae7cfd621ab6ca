// ENOSYS for system calls that are newer than a profile: see seccomp_newer.h.
#include "seccomp_newer.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>

#include <algorithm>

namespace addon {
namespace {

constexpr uint32_t kEnosys = SECCOMP_RET_ERRNO | ENOSYS;
// Calls of x32 have this bit in their numbers and the architecture of x86-64.
constexpr uint32_t kX32Bit = 0x40000000;
constexpr char kOldEnough[] = "mlock2";

// The largest number that the profile knows on an architecture; 0 when libseccomp knows nothing of it.
uint32_t newest_known(uint32_t architecture, const std::vector<std::string> &names) {
  int newest = seccomp_syscall_resolve_name_arch(architecture, kOldEnough);
  for (const std::string &name : names) {
    newest = std::max(newest, seccomp_syscall_resolve_name_arch(architecture, name.c_str()));
  }
  // Negative numbers stand for calls that only others have.
  return newest > 0 ? static_cast<uint32_t>(newest) : 0;
}

struct sock_filter load(size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}

// The check for one architecture; every way out of it but ENOSYS goes to what follows.
void add_check(std::vector<struct sock_filter> &program, uint32_t architecture, uint32_t newest) {
  const bool x32 = architecture == SCMP_ARCH_X32;
  const bool shared = x32 || architecture == SCMP_ARCH_X86_64;
  const uint32_t audit = x32 ? SCMP_ARCH_X86_64 : architecture;
  program.push_back(load(offsetof(struct seccomp_data, arch)));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, audit, 0, static_cast<uint8_t>(shared ? 4 : 3)));
  program.push_back(load(offsetof(struct seccomp_data, nr)));
  if (shared) {
    const uint8_t yes = x32 ? 0 : 2, no = x32 ? 2 : 0;
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kX32Bit, yes, no));
  }
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, newest, 0, 1));
  program.push_back(BPF_STMT(BPF_RET | BPF_K, kEnosys));
}

}  // namespace

std::vector<struct sock_filter> refuse_newer(const std::vector<uint32_t> &architectures,
                                             const std::vector<std::string> &names) {
  // The native one first: most calls are its.
  std::vector<uint32_t> all = {seccomp_arch_native()};
  for (const uint32_t each : architectures) {
    if (std::find(all.begin(), all.end(), each) == all.end()) all.push_back(each);
  }
  std::vector<struct sock_filter> program;
  for (const uint32_t each : all) {
    if (const uint32_t newest = newest_known(each, names)) add_check(program, each, newest);
  }
  return program;
}

}  // namespace addon
