// The TypeScript, compiled to bytecode when runt is built: every module is read when it is first imported.
#include <string.h>

#include "../bytecode/image.h"
#include "engine.h"

// The modules, ended by one without a name: build/engine/program.S, made by scripts/build-engine.mjs.
struct Module {
  const char *name;
  const uint8_t *image;
};
extern "C" const Module runt_modules[];

namespace engine {
namespace {

JSModuleDef *load(JSContext *context, const char *name, void *) {
  for (const Module *module = runt_modules; module->name; ++module) {
    if (strcmp(module->name, name) != 0) continue;
    return runt_read_image(context, module->image, allocate_forever);
  }
  JS_ThrowReferenceError(context, "there is no module %s", name);
  return nullptr;
}

// All lie in one folder: "./x.js" is x.js.
char *name_module(JSContext *context, const char *, const char *name, void *) {
  return js_strdup(context, strncmp(name, "./", 2) == 0 ? name + 2 : name);
}

}  // namespace

void add_modules(JSRuntime *runtime) { JS_SetModuleLoaderFunc(runtime, name_module, load, nullptr); }

bool run_module(JSContext *context, const char *name) {
  JSModuleDef *module = load(context, name, nullptr);
  if (!module) return false;
  // One reference is the context's, the other goes with the evaluation.
  const JSValue value = JS_DupValue(context, JS_MKPTR(JS_TAG_MODULE, module));
  if (JS_ResolveModule(context, value) < 0) return false;
  const JSValue result = JS_EvalFunction(context, value);
  const bool ran = !JS_IsException(result);
  JS_FreeValue(context, result);
  return ran;
}

}  // namespace engine
