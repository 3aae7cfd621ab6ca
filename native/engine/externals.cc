// Node-API: pointers of the addon as values of JavaScript.
#include "engine.h"
#include "handles.h"

using engine::context;
using engine::status;
using engine::value_of;

namespace {

struct External {
  void *data;
  napi_finalize finalize;
  void *hint;
};

JSClassID external_class = 0;

void free_external(JSRuntime *, JSValue value) {
  auto *external = static_cast<External *>(JS_GetOpaque(value, external_class));
  if (!external) return;
  if (external->finalize) {
    external->finalize(reinterpret_cast<napi_env>(context()), external->data, external->hint);
  }
  delete external;
}

const JSClassDef kExternal = {"External", free_external, nullptr, nullptr, nullptr};

}  // namespace

namespace engine {

void begin_externals(JSRuntime *runtime) {
  JS_NewClassID(&external_class);
  JS_NewClass(runtime, external_class, &kExternal);
}

bool is_external(JSValue value) { return JS_GetOpaque(value, external_class) != nullptr; }

}  // namespace engine

napi_status napi_create_external(napi_env, void *data, napi_finalize finalize, void *hint, napi_value *result) {
  // A class without a prototype: nothing can be called on it.
  const JSValue object = JS_NewObjectProtoClass(context(), JS_NULL, external_class);
  if (JS_IsException(object)) return engine::threw();
  JS_SetOpaque(object, new External{data, finalize, hint});
  return engine::give(object, result);
}

napi_status napi_get_value_external(napi_env, napi_value value, void **result) {
  auto *external = static_cast<External *>(JS_GetOpaque(value_of(value), external_class));
  if (!external) return status(napi_invalid_arg);
  *result = external->data;
  return status(napi_ok);
}
