// The parts of bin/runt: TypeScript as images of QuickJS's bytecode, the addon, and Node-API between the two.
#pragma once

#include "quickjs_api.h"

namespace engine {

/** An engine with memory of our own (heap.cc); null without memory. */
JSRuntime *new_runtime();

/** Memory that is never given back, aligned to 16 bytes, cleared; null when there is none. */
void *allocate_forever(size_t size);

/** Before the first call of Node-API. */
void begin_handles(JSContext *context);
void begin_buffers();
void begin_externals(JSRuntime *runtime);

/** The global objects that the TypeScript asks for. `note`: NAME=value that is in process.env alone. */
void add_globals(JSContext *context, int count, char **arguments, char **environment, const char *note);

/** Has modules loaded from the program that is built in (build/engine/program.S). */
void add_modules(JSRuntime *runtime);

/** Loads and evaluates one of them. False: an exception is at hand. */
bool run_module(JSContext *context, const char *name);

}  // namespace engine
