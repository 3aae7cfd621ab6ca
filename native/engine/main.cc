// bin/runt: what users call. It notes what only the start of a command can know, cleans the environment
// and runs the TypeScript in QuickJS, with the addon linked in.
//
// Nothing but that TypeScript can run: the program is bytecode in this file, and the engine is made without
// `eval` and without `Function`, so that no text can become code.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../launcher/note.h"
#include "engine.h"

namespace {

// Commands run for milliseconds and free most of what they use by counting references. The collector of
// cycles is for those that stay, as `events` does.
constexpr size_t kCollectAfter = 16 << 20;

// How deep the engine may go, JSON included: text from outside must end in an error, not in a fault. Half of
// what there is, as JSON.stringify does not look: it needs a little more for each level than JSON.parse, which does.
size_t stack_size() {
  constexpr size_t kMost = 2 << 20;
  struct rlimit limit = {};
  if (getrlimit(RLIMIT_STACK, &limit) < 0 || limit.rlim_cur / 2 > kMost) return kMost;
  return static_cast<size_t>(limit.rlim_cur) / 2;
}

// What the TypeScript uses, and no more.
JSContext *new_context(JSRuntime *runtime) {
  JSContext *context = JS_NewContextRaw(runtime);
  if (!context) return nullptr;
  JS_AddIntrinsicBaseObjects(context);
  JS_AddIntrinsicDate(context);
  JS_AddIntrinsicRegExpCompiler(context);
  JS_AddIntrinsicRegExp(context);
  JS_AddIntrinsicJSON(context);
  JS_AddIntrinsicMapSet(context);
  JS_AddIntrinsicTypedArrays(context);
  JS_AddIntrinsicPromise(context);
  JS_AddIntrinsicBigInt(context);
  return context;
}

// What the TypeScript did not catch is a bug in it.
int report_bug(JSContext *context) {
  print_exception(context, "runt: bug in runt");
  return 1;
}

}  // namespace

int main(int count, char **arguments, char **environment) {
  static char note[kNoteSize];
  static char *kept[kMostKept];
  write_note(count > 0 ? arguments[0] : "runt", note);
  keep_environment(environment, kept);
  environ = kept;
  // A reader that has gone is an error of write(2), not the end. runt-init sets signals back for the container.
  signal(SIGPIPE, SIG_IGN);

  JSRuntime *runtime = engine::new_runtime();
  JSContext *context = runtime ? new_context(runtime) : nullptr;
  if (!context) {
    fputs("runt: not enough memory to start\n", stderr);
    return 1;
  }
  JS_SetMaxStackSize(runtime, stack_size());
  JS_SetGCThreshold(runtime, kCollectAfter);
  engine::begin_handles(context);
  engine::begin_buffers();
  engine::begin_externals(runtime);
  engine::add_globals(context, count, arguments, kept, note);
  engine::add_modules(runtime);
  if (!engine::run_module(context, "prelude.js") || !engine::run_module(context, "main.js")) return report_bug(context);

  // Everything waits in the addon's own calls, so promises are all that there is to go on with; the last of
  // them ends the process (src/cli/main.ts).
  for (;;) {
    JSContext *where = nullptr;
    const int ran = JS_ExecutePendingJob(runtime, &where);
    if (ran < 0) return report_bug(where);
    if (ran == 0) break;
  }
  fputs("runt: bug in runt: the command waits for nothing\n", stderr);
  return 1;
}
