// One hook as a process: how it is started, watched and ended.
#pragma once
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "fd.h"
#include "hook_output.h"
#include "steps.gen.h"

namespace init {

struct HookEnd {
  siginfo_t how;  // si_code and si_status of waitid(2)
  bool timed_out;
  unsigned long long milliseconds;
};

class HookProcess {
 public:
  HookProcess() = default;
  HookProcess(const HookProcess &) = delete;
  HookProcess &operator=(const HookProcess &) = delete;

  // Starts it: the state JSON that descriptor `state` holds as its standard input (nothing when
  // -1), output and error into one pipe, a process group of its own, no other descriptor, the
  // standard action for every signal, the environment and working directory of the step. Null, or
  // what could not be done ("" for its execve), with errno.
  const char *start(const steps::RunHook &, int state);

  // The hook's own program could not be executed.
  bool failed_to_execute() const { return failed_to_execute_; }

  // Waits until it has ended; after `timeout` milliseconds (0: never) its process group is killed.
  // What its children still print later is not waited for. False with errno.
  bool wait(uint32_t timeout, HookOutput &, HookEnd &);

 private:
  bool ended(HookEnd &) const;
  void kill_all() const;

  pid_t pid_ = -1;
  UniqueFd process_;  // pidfd; none before Linux 5.2
  UniqueFd output_;
  uint64_t started_ = 0;
  bool failed_to_execute_ = false;
};

}  // namespace init
