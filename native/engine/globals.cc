// The global objects of Node that the TypeScript uses: process, performance, TextEncoder and TextDecoder. What else
// QuickJS lacks of ES2022 is written in JavaScript (prelude.js).
#include <dlfcn.h>
#include <limits.h>
#include <node_api.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"
#include "handles.h"
#include "utf8.h"

// NODE_API_MODULE of native/addon/module.cc, which is linked in.
extern "C" napi_value napi_register_module_v1(napi_env, napi_value);

namespace engine {
namespace {

using Register = napi_value (*)(napi_env, napi_value);

JSValue exports_of(JSContext *context, Register add) {
  const size_t before = handle_count();
  const napi_value exports = handle(JS_NewObject(context));
  const napi_value answer = add(reinterpret_cast<napi_env>(context), exports);
  const JSValue result = JS_DupValue(context, value_of(answer ? answer : exports));
  drop_handles(before);
  if (!is_pending()) return result;
  JS_FreeValue(context, result);
  return JS_Throw(context, take_pending());
}

// process._linkedBinding(name), as Node calls modules that are linked in: the addon.
JSValue linked_binding(JSContext *context, JSValueConst, int, JSValueConst *arguments) {
  const char *name = JS_ToCString(context, arguments[0]);
  if (!name) return JS_EXCEPTION;
  const bool known = strcmp(name, "runt") == 0;
  JS_FreeCString(context, name);
  if (!known) return JS_ThrowReferenceError(context, "there is no such module");
  return exports_of(context, napi_register_module_v1);
}

// process.dlopen(module, path): systemd.node, which needs a library that is not everywhere.
JSValue open_addon(JSContext *context, JSValueConst, int, JSValueConst *arguments) {
  const char *path = JS_ToCString(context, arguments[1]);
  if (!path) return JS_EXCEPTION;
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  JS_FreeCString(context, path);
  if (!library) return JS_ThrowInternalError(context, "%s", dlerror());
  const auto add = reinterpret_cast<Register>(dlsym(library, "napi_register_module_v1"));
  if (!add) return JS_ThrowInternalError(context, "%s", dlerror());
  const JSValue exports = exports_of(context, add);
  if (JS_IsException(exports)) return exports;
  return JS_SetPropertyStr(context, arguments[0], "exports", exports) < 0 ? JS_EXCEPTION : JS_UNDEFINED;
}

double milliseconds() {
  struct timespec time = {};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

double start = 0;

// performance.now(): since the start of the program.
JSValue now(JSContext *context, JSValueConst, int, JSValueConst *) {
  return JS_NewFloat64(context, milliseconds() - start);
}

// Text ⇄ bytes of UTF-8; prelude.js makes TextEncoder and TextDecoder of these three.
JSValue encode(JSContext *context, JSValueConst, int, JSValueConst *arguments) {
  size_t length = 0;
  const char *text = JS_ToCStringLen(context, &length, arguments[0]);
  if (!text) return JS_EXCEPTION;
  const JSValue buffer = JS_NewArrayBufferCopy(context, reinterpret_cast<const uint8_t *>(text), length);
  JS_FreeCString(context, text);
  uint8_t *bytes = JS_IsException(buffer) ? nullptr : JS_GetArrayBuffer(context, &length, buffer);
  if (bytes) replace_surrogates(reinterpret_cast<char *>(bytes), length);
  return buffer;
}

// The text must fit: Node would write the characters that do.
JSValue encode_into(JSContext *context, JSValueConst, int, JSValueConst *arguments) {
  Bytes target;
  if (!bytes_of(arguments[1], &target)) return JS_EXCEPTION;
  size_t length = 0;
  const char *text = JS_ToCStringLen(context, &length, arguments[0]);
  if (!text) return JS_EXCEPTION;
  const bool fits = length <= target.length;
  if (fits) {
    memcpy(target.data, text, length);
    replace_surrogates(reinterpret_cast<char *>(target.data), length);
  }
  JS_FreeCString(context, text);
  if (!fits) return JS_ThrowRangeError(context, "the text does not fit");
  return JS_NewInt64(context, static_cast<int64_t>(length));
}

JSValue decode(JSContext *context, JSValueConst, int, JSValueConst *arguments) {
  Bytes bytes;
  if (!bytes_of(arguments[0], &bytes)) return JS_EXCEPTION;
  return new_string(context, reinterpret_cast<const char *>(bytes.data), bytes.length);
}

void set_function(JSContext *context, JSValueConst object, const char *name, JSCFunction *function, int length) {
  JS_SetPropertyStr(context, object, name, JS_NewCFunction(context, function, name, length));
}

void set_variable(JSContext *context, JSValueConst object, const char *variable) {
  const char *equals = strchr(variable, '=');
  if (!equals) return;
  const JSAtom name = JS_NewAtomLen(context, variable, static_cast<size_t>(equals - variable));
  JS_SetProperty(context, object, name, new_string(context, equals + 1, strlen(equals + 1)));
  JS_FreeAtom(context, name);
}

}  // namespace

void add_globals(JSContext *context, int count, char **arguments, char **environment, const char *note) {
  start = milliseconds();
  const JSValue global = JS_GetGlobalObject(context);
  const JSValue process = JS_NewObject(context);

  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  const JSValue self = JS_NewStringLen(context, path, length > 0 ? static_cast<size_t>(length) : 0);
  JS_SetPropertyStr(context, process, "execPath", self);

  // As in Node the second word is the script.
  const JSValue argv = JS_NewArray(context);
  JS_SetPropertyUint32(context, argv, 0, JS_DupValue(context, self));
  JS_SetPropertyUint32(context, argv, 1, JS_DupValue(context, self));
  for (int index = 1; index < count; index++) {
    JS_SetPropertyUint32(context, argv, static_cast<uint32_t>(index) + 1,
                         new_string(context, arguments[index], strlen(arguments[index])));
  }
  JS_SetPropertyStr(context, process, "argv", argv);

  const JSValue env = JS_NewObject(context);
  set_variable(context, env, note);
  for (char **variable = environment; *variable; ++variable) set_variable(context, env, *variable);
  JS_SetPropertyStr(context, process, "env", env);

  const JSValue versions = JS_NewObject(context);
  JS_SetPropertyStr(context, versions, "quickjs", JS_NewString(context, QUICKJS_VERSION));
  JS_SetPropertyStr(context, process, "versions", versions);
#if defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  JS_SetPropertyStr(context, process, "arch", JS_NewString(context, "arm64"));
#elif defined(__x86_64__)
  JS_SetPropertyStr(context, process, "arch", JS_NewString(context, "x64"));
#else
#error "which process.arch is this?"
#endif
  set_function(context, process, "_linkedBinding", linked_binding, 1);
  set_function(context, process, "dlopen", open_addon, 2);
  JS_SetPropertyStr(context, global, "process", process);

  const JSValue performance = JS_NewObject(context);
  set_function(context, performance, "now", now, 0);
  JS_SetPropertyStr(context, global, "performance", performance);
  set_function(context, global, "encodeUtf8", encode, 1);
  set_function(context, global, "encodeUtf8Into", encode_into, 2);
  set_function(context, global, "decodeUtf8", decode, 1);
  JS_FreeValue(context, global);
}

}  // namespace engine
