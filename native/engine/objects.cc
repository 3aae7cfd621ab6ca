// Node-API: objects, arrays, errors and functions.
#include <vector>

#include "handles.h"

using engine::context;
using engine::give;
using engine::status;
using engine::value_of;

struct napi_callback_info__ {
  JSValueConst self;
  int count;
  JSValueConst *arguments;
  void *data;
};

namespace {

// What a function of JavaScript stands for is its number here.
struct Function {
  napi_callback callback;
  void *data;
};
std::vector<Function> functions;

JSValue call_addon(JSContext *context, JSValueConst self, int count, JSValueConst *arguments, int number, JSValue *) {
  const size_t before = engine::handle_count();
  const Function function = functions[static_cast<size_t>(number)];
  napi_callback_info__ info{self, count, arguments, function.data};
  const napi_value answer = function.callback(reinterpret_cast<napi_env>(context), &info);
  const JSValue result = answer ? JS_DupValue(context, value_of(answer)) : JS_UNDEFINED;
  engine::drop_handles(before);
  if (!engine::is_pending()) return result;
  JS_FreeValue(context, result);
  return JS_Throw(context, engine::take_pending());
}

napi_status create_error(const char *kind, napi_value code, napi_value message, napi_value *result) {
  JSContext *context = engine::context();
  const JSValue global = JS_GetGlobalObject(context);
  const JSValue constructor = JS_GetPropertyStr(context, global, kind);
  JSValue text = value_of(message);
  const JSValue error = JS_CallConstructor(context, constructor, 1, &text);
  JS_FreeValue(context, constructor);
  JS_FreeValue(context, global);
  if (JS_IsException(error)) return engine::threw();
  if (code && JS_SetPropertyStr(context, error, "code", JS_DupValue(context, value_of(code))) < 0) {
    JS_FreeValue(context, error);
    return engine::threw();
  }
  return give(error, result);
}

napi_status done(int answer) { return answer < 0 ? engine::threw() : status(napi_ok); }

napi_status answer(int found, bool *result) {
  if (found < 0) return engine::threw();
  *result = found != 0;
  return status(napi_ok);
}

// Takes over the atom.
napi_status has(napi_value object, JSAtom atom, bool *result) {
  const bool waits = engine::is_pending();
  const int found = waits ? 0 : JS_HasProperty(context(), value_of(object), atom);
  JS_FreeAtom(context(), atom);
  return waits ? status(napi_pending_exception) : answer(found, result);
}

}  // namespace

namespace engine {

JSValue make_function(napi_callback callback, void *data) {
  functions.push_back({callback, data});
  return JS_NewCFunctionData(context(), call_addon, 0, static_cast<int>(functions.size()) - 1, 0, nullptr);
}

}  // namespace engine

napi_status napi_create_function(napi_env, const char *, size_t, napi_callback callback, void *data,
                                 napi_value *result) {
  return give(engine::make_function(callback, data), result);
}

napi_status napi_get_cb_info(napi_env, napi_callback_info info, size_t *count, napi_value *arguments, napi_value *self,
                             void **data) {
  if (count) {
    const auto given = static_cast<size_t>(info->count);
    for (size_t index = 0; arguments && index < *count; index++) {
      const JSValue argument = index < given ? JS_DupValue(context(), info->arguments[index]) : JS_UNDEFINED;
      arguments[index] = engine::handle(argument);
    }
    *count = given;
  }
  if (self) *self = engine::handle(JS_DupValue(context(), info->self));
  if (data) *data = info->data;
  return status(napi_ok);
}

napi_status napi_call_function(napi_env, napi_value self, napi_value function, size_t count,
                               const napi_value *arguments, napi_value *result) {
  if (engine::is_pending()) return status(napi_pending_exception);
  std::vector<JSValue> values;
  values.reserve(count);
  for (size_t index = 0; index < count; index++) values.push_back(value_of(arguments[index]));
  const JSValue value = JS_Call(context(), value_of(function), self ? value_of(self) : JS_UNDEFINED,
                                static_cast<int>(count), values.data());
  if (JS_IsException(value)) return engine::threw();
  if (result) return give(value, result);
  JS_FreeValue(context(), value);
  return status(napi_ok);
}

napi_status napi_create_error(napi_env, napi_value code, napi_value message, napi_value *result) {
  return create_error("Error", code, message, result);
}

napi_status napi_create_type_error(napi_env, napi_value code, napi_value message, napi_value *result) {
  return create_error("TypeError", code, message, result);
}

napi_status napi_create_object(napi_env, napi_value *result) { return give(JS_NewObject(context()), result); }

napi_status napi_create_array(napi_env, napi_value *result) { return give(JS_NewArray(context()), result); }

// The length is a promise of the caller's: elements make it.
napi_status napi_create_array_with_length(napi_env env, size_t, napi_value *result) {
  return napi_create_array(env, result);
}

napi_status napi_is_array(napi_env, napi_value value, bool *result) {
  return answer(JS_IsArray(context(), value_of(value)), result);
}

napi_status napi_get_array_length(napi_env, napi_value array, uint32_t *result) {
  const JSValue length = JS_GetPropertyStr(context(), value_of(array), "length");
  if (JS_IsException(length)) return engine::threw();
  const int failed = JS_ToUint32(context(), result, length);
  JS_FreeValue(context(), length);
  return done(failed);
}

napi_status napi_get_element(napi_env, napi_value object, uint32_t index, napi_value *result) {
  if (engine::is_pending()) return status(napi_pending_exception);
  return give(JS_GetPropertyUint32(context(), value_of(object), index), result);
}

napi_status napi_set_element(napi_env, napi_value object, uint32_t index, napi_value value) {
  if (engine::is_pending()) return status(napi_pending_exception);
  return done(JS_SetPropertyUint32(context(), value_of(object), index, JS_DupValue(context(), value_of(value))));
}

napi_status napi_get_named_property(napi_env, napi_value object, const char *name, napi_value *result) {
  if (engine::is_pending()) return status(napi_pending_exception);
  return give(JS_GetPropertyStr(context(), value_of(object), name), result);
}

napi_status napi_set_named_property(napi_env, napi_value object, const char *name, napi_value value) {
  if (engine::is_pending()) return status(napi_pending_exception);
  return done(JS_SetPropertyStr(context(), value_of(object), name, JS_DupValue(context(), value_of(value))));
}

napi_status napi_has_named_property(napi_env, napi_value object, const char *name, bool *result) {
  return has(object, JS_NewAtom(context(), name), result);
}

napi_status napi_has_property(napi_env, napi_value object, napi_value key, bool *result) {
  return has(object, JS_ValueToAtom(context(), value_of(key)), result);
}

napi_status napi_get_property(napi_env, napi_value object, napi_value key, napi_value *result) {
  if (engine::is_pending()) return status(napi_pending_exception);
  const JSAtom atom = JS_ValueToAtom(context(), value_of(key));
  const JSValue value = JS_GetProperty(context(), value_of(object), atom);
  JS_FreeAtom(context(), atom);
  return give(value, result);
}

napi_status napi_define_properties(napi_env, napi_value object, size_t count,
                                   const napi_property_descriptor *properties) {
  for (size_t index = 0; index < count; index++) {
    const napi_property_descriptor &property = properties[index];
    const JSValue value = property.method ? engine::make_function(property.method, property.data)
                                          : JS_DupValue(context(), value_of(property.value));
    int flags = 0;
    if (property.attributes & napi_writable) flags |= JS_PROP_WRITABLE;
    if (property.attributes & napi_enumerable) flags |= JS_PROP_ENUMERABLE;
    if (property.attributes & napi_configurable) flags |= JS_PROP_CONFIGURABLE;
    const JSAtom atom = property.utf8name ? JS_NewAtom(context(), property.utf8name)
                                          : JS_ValueToAtom(context(), value_of(property.name));
    const int failed = JS_DefinePropertyValue(context(), value_of(object), atom, value, flags);
    JS_FreeAtom(context(), atom);
    if (failed < 0) return engine::threw();
  }
  return status(napi_ok);
}

// node-addon-api refers to these two in classes that the addon does not use.
napi_status napi_async_destroy(napi_env, napi_async_context) { return status(napi_generic_failure); }

napi_status napi_close_callback_scope(napi_env, napi_callback_scope) { return status(napi_generic_failure); }
