// Node-API: values that are no objects.
#include <string.h>

#include "handles.h"
#include "utf8.h"

using engine::context;
using engine::give;
using engine::status;
using engine::value_of;

napi_status napi_get_undefined(napi_env, napi_value *result) { return give(JS_UNDEFINED, result); }

napi_status napi_get_null(napi_env, napi_value *result) { return give(JS_NULL, result); }

napi_status napi_get_boolean(napi_env, bool value, napi_value *result) {
  return give(JS_NewBool(context(), value), result);
}

napi_status napi_create_double(napi_env, double value, napi_value *result) {
  return give(JS_NewFloat64(context(), value), result);
}

napi_status napi_create_bigint_int64(napi_env, int64_t value, napi_value *result) {
  return give(JS_NewBigInt64(context(), value), result);
}

napi_status napi_create_bigint_uint64(napi_env, uint64_t value, napi_value *result) {
  return give(JS_NewBigUint64(context(), value), result);
}

napi_status napi_create_string_utf8(napi_env, const char *text, size_t length, napi_value *result) {
  if (!text && length != 0) return status(napi_invalid_arg);
  if (!text) return give(JS_NewStringLen(context(), "", 0), result);
  return give(engine::new_string(context(), text, length == NAPI_AUTO_LENGTH ? strlen(text) : length), result);
}

napi_status napi_typeof(napi_env, napi_value handle, napi_valuetype *result) {
  const JSValue value = value_of(handle);
  *result = JS_IsUndefined(value)             ? napi_undefined
            : JS_IsNull(value)                ? napi_null
            : JS_IsBool(value)                ? napi_boolean
            : JS_IsNumber(value)              ? napi_number
            : JS_IsString(value)              ? napi_string
            : JS_IsSymbol(value)              ? napi_symbol
            : JS_IsBigInt(context(), value)   ? napi_bigint
            : JS_IsFunction(context(), value) ? napi_function
            : engine::is_external(value)      ? napi_external
                                              : napi_object;
  return status(napi_ok);
}

napi_status napi_get_value_bool(napi_env, napi_value handle, bool *result) {
  const JSValue value = value_of(handle);
  if (!JS_IsBool(value)) return status(napi_boolean_expected);
  *result = JS_VALUE_GET_BOOL(value) != 0;
  return status(napi_ok);
}

napi_status napi_get_value_double(napi_env, napi_value handle, double *result) {
  const JSValue value = value_of(handle);
  if (!JS_IsNumber(value)) return status(napi_number_expected);
  return JS_ToFloat64(context(), result, value) < 0 ? engine::threw() : status(napi_ok);
}

namespace {

// Reads the low 64 bits. Lossless: what `wrap` of BigInt makes of it is the same number. QuickJS has no comparison in
// its API, and as texts it would be slow; prelude.js has one.
napi_status read_bigint(napi_value handle, const char *wrap, int64_t *bits, bool *lossless) {
  const JSValue value = value_of(handle);
  if (!JS_IsBigInt(context(), value)) return status(napi_bigint_expected);
  if (JS_ToBigInt64(context(), bits, value) < 0) return engine::threw();
  const JSValue global = JS_GetGlobalObject(context());
  const JSValue fits = JS_GetPropertyStr(context(), global, "fitsIn64Bits");
  JSValue arguments[] = {JS_DupValue(context(), value), JS_NewString(context(), wrap)};
  const JSValue answer = JS_Call(context(), fits, JS_UNDEFINED, 2, arguments);
  for (const JSValue argument : arguments) JS_FreeValue(context(), argument);
  JS_FreeValue(context(), fits);
  JS_FreeValue(context(), global);
  if (JS_IsException(answer)) return engine::threw();
  *lossless = JS_VALUE_GET_BOOL(answer) != 0;
  return status(napi_ok);
}

}  // namespace

napi_status napi_get_value_bigint_int64(napi_env, napi_value handle, int64_t *result, bool *lossless) {
  return read_bigint(handle, "asIntN", result, lossless);
}

napi_status napi_get_value_bigint_uint64(napi_env, napi_value handle, uint64_t *result, bool *lossless) {
  int64_t bits = 0;
  const napi_status answer = read_bigint(handle, "asUintN", &bits, lossless);
  *result = static_cast<uint64_t>(bits);
  return answer;
}

// Without a buffer: the length in bytes. Else as much as there is room for, and a null byte.
napi_status napi_get_value_string_utf8(napi_env, napi_value handle, char *buffer, size_t size, size_t *result) {
  const JSValue value = value_of(handle);
  if (!JS_IsString(value)) return status(napi_string_expected);
  size_t length = 0;
  const char *text = JS_ToCStringLen(context(), &length, value);
  if (!text) return engine::threw();
  if (buffer && size > 0) {
    if (length > size - 1) length = size - 1;
    memcpy(buffer, text, length);
    engine::replace_surrogates(buffer, length);
    buffer[length] = '\0';
  }
  if (result) *result = length;
  JS_FreeCString(context(), text);
  return status(napi_ok);
}
