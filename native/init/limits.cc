// Steps that say how much the process may use, when and where it runs.
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "handlers.h"

namespace init {
namespace {

constexpr uint32_t kBits = 8192;  // more CPUs or nodes than any kernel has
constexpr uint32_t kBitsPerWord = 8 * sizeof(unsigned long);
constexpr int kIoPriorityProcess = 1;  // IOPRIO_WHO_PROCESS

// A set of small numbers as the kernel takes it.
struct BitSet {
  unsigned long words[kBits / kBitsPerWord] = {};

  bool add(uint32_t number) {
    if (number >= kBits) return false;
    words[number / kBitsPerWord] |= 1ul << (number % kBitsPerWord);
    return true;
  }
};

// struct sched_attr as of Linux 5.3. OCI has the flags of the utilization clamps but no values for
// them, so these are 0; kernels that are older than the clamps take zeros for what they don't know.
struct SchedulingAttributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
  uint32_t util_min, util_max;
};
static_assert(sizeof(SchedulingAttributes) == 56, "SCHED_ATTR_SIZE_VER1");

}  // namespace

bool run(Context &context, const steps::SetRlimit &step) {
  const uint64_t limit[2] = {step.soft, step.hard};
  if (syscall(SYS_prlimit64, 0, step.resource, limit, nullptr) == 0) return true;
  return context.fail(errno, "set rlimit %u with a hard limit of %llu", step.resource,
                      static_cast<unsigned long long>(step.hard));
}

bool run(Context &context, const steps::SetScheduler &step) {
  SchedulingAttributes attributes = {};
  attributes.size = sizeof attributes;
  attributes.policy = step.policy;
  attributes.flags = step.flags;
  attributes.nice = step.nice;
  attributes.priority = step.priority;
  attributes.runtime = step.runtime;
  attributes.deadline = step.deadline;
  attributes.period = step.period;
  if (syscall(SYS_sched_setattr, 0, &attributes, 0) == 0) return true;
  return context.fail(errno, "set scheduling policy %u", step.policy);
}

bool run(Context &context, const steps::SetIoPriority &step) {
  if (syscall(SYS_ioprio_set, kIoPriorityProcess, 0, step.value) == 0) return true;
  return context.fail(errno, "set I/O priority (class %u, level %u)", step.value >> 13, step.value & 0x1fff);
}

bool run(Context &context, const steps::SetAffinity &step) {
  BitSet cpus;
  if (step.cpus.count == 0) memset(cpus.words, 0xff, sizeof cpus.words);
  for (uint32_t cpu : step.cpus) {
    if (!cpus.add(cpu)) return context.fail(EINVAL, "set affinity to CPU %u", cpu);
  }
  if (syscall(SYS_sched_setaffinity, 0, sizeof cpus, &cpus) == 0) return true;
  return context.fail(errno, "set CPU affinity");
}

bool run(Context &context, const steps::SetMemoryPolicy &step) {
  BitSet nodes;
  for (uint32_t node : step.nodes) {
    if (!nodes.add(node)) return context.fail(EINVAL, "set memory policy for node %u", node);
  }
  // The kernel counts one bit less than it is told (get_nodes in mm/mempolicy.c). Bits above its
  // own MAX_NUMNODES must be zero, which it checks itself.
  unsigned long bits = step.nodes.count ? kBits + 1 : 0;
  if (syscall(SYS_set_mempolicy, step.mode, bits ? nodes.words : nullptr, bits) == 0) return true;
  return context.fail(errno, "set memory policy 0x%x", step.mode);
}

}  // namespace init
