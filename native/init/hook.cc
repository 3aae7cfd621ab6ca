// The step that runs a hook of the config and waits for it.
// No <stdio.h> here: it makes a macro of stdin, which is a field of the step.
#include <errno.h>
#include <signal.h>

#include "fd.h"
#include "handlers.h"
#include "hook_output.h"
#include "hook_process.h"
#include "inspect.h"

namespace init {
namespace {

// In: how it ended, and the output for the error. True for status 0.
bool judge(Context &context, const steps::RunHook &step, const HookEnd &end, HookOutput &output) {
  const char *path = step.path;
  const char *printed = output.text();
  const char *colon = printed[0] ? ": " : "";
  if (end.timed_out)
    return context.fail(0, "hook %s: timed out after %u ms%s%s", path, step.timeout_ms, colon, printed);
  if (end.how.si_code == CLD_EXITED) {
    if (end.how.si_status == 0) return true;
    return context.fail(0, "hook %s: exit status %d after %llu ms%s%s", path, end.how.si_status, end.milliseconds,
                        colon, printed);
  }
  return context.fail(0, "hook %s: killed by signal %d after %llu ms%s%s", path, end.how.si_status, end.milliseconds,
                      colon, printed);
}

}  // namespace

bool run(Context &context, const steps::RunHook &step) {
  const MountSlot *state = context.slot(step.stdin);
  HookProcess hook;
  if (const char *attempt = hook.start(step, state ? state->fd : -1)) {
    int error = errno;
    char hint[512];
    if (hook.failed_to_execute() && inspect_program(step.path, error, hint, sizeof hint)) {
      return context.fail(error, "hook %s\x1f%s", step.path, hint);
    }
    return context.fail(error, "hook %s%s%s", step.path, attempt[0] ? ": " : "", attempt);
  }
  HookOutput output;
  HookEnd end = {};
  if (!hook.wait(step.timeout_ms, output, end)) return context.fail(errno, "hook %s: wait for it", step.path);
  return judge(context, step, end, output);
}

}  // namespace init
