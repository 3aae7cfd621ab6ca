// Node-API: bytes. Of the typed arrays the addon makes and takes Uint8Array alone.
#include <stdlib.h>

#include "engine.h"
#include "handles.h"

using engine::context;
using engine::give;
using engine::status;
using engine::value_of;

namespace {

JSValue uint8_array = JS_UNDEFINED;

void free_bytes(JSRuntime *, void *, void *bytes) { free(bytes); }

}  // namespace

void engine::begin_buffers() {
  const JSValue global = JS_GetGlobalObject(context());
  uint8_array = JS_GetPropertyStr(context(), global, "Uint8Array");
  JS_FreeValue(context(), global);
}

bool engine::bytes_of(JSValueConst array, Bytes *bytes) {
  const JSValue buffer = JS_GetTypedArrayBuffer(context(), array, &bytes->offset, &bytes->length, &bytes->unit);
  if (JS_IsException(buffer)) return false;
  size_t whole = 0;
  uint8_t *start = JS_GetArrayBuffer(context(), &whole, buffer);
  JS_FreeValue(context(), buffer);  // the array still has it
  if (!start) return false;
  bytes->data = start + bytes->offset;
  return true;
}

napi_status napi_create_arraybuffer(napi_env, size_t length, void **data, napi_value *result) {
  auto *bytes = static_cast<uint8_t *>(calloc(1, length ? length : 1));
  if (!bytes) return status(napi_generic_failure);
  if (data) *data = bytes;
  return give(JS_NewArrayBuffer(context(), bytes, length, free_bytes, nullptr, 0), result);
}

napi_status napi_get_arraybuffer_info(napi_env, napi_value buffer, void **data, size_t *length) {
  size_t size = 0;
  uint8_t *bytes = JS_GetArrayBuffer(context(), &size, value_of(buffer));
  if (!bytes) return engine::threw();
  if (data) *data = bytes;
  if (length) *length = size;
  return status(napi_ok);
}

napi_status napi_create_typedarray(napi_env, napi_typedarray_type type, size_t length, napi_value buffer, size_t offset,
                                   napi_value *result) {
  if (type != napi_uint8_array) return status(napi_invalid_arg);
  JSValue arguments[] = {value_of(buffer), JS_NewInt64(context(), static_cast<int64_t>(offset)),
                         JS_NewInt64(context(), static_cast<int64_t>(length))};
  return give(JS_CallConstructor(context(), uint8_array, 3, arguments), result);
}

// Asking a value that is none throws in QuickJS; here it is an answer.
napi_status napi_is_typedarray(napi_env, napi_value value, bool *result) {
  engine::Bytes bytes;
  *result = engine::bytes_of(value_of(value), &bytes);
  if (!*result) JS_FreeValue(context(), JS_GetException(context()));
  return status(napi_ok);
}

// `type`: napi_uint8_array, or napi_int8_array for any other, which no function of ours takes.
napi_status napi_get_typedarray_info(napi_env env, napi_value array, napi_typedarray_type *type, size_t *length,
                                     void **data, napi_value *buffer, size_t *offset) {
  engine::Bytes bytes;
  if (!engine::bytes_of(value_of(array), &bytes)) return engine::threw();
  if (type) {
    const int is_uint8 = JS_IsInstanceOf(context(), value_of(array), uint8_array);
    *type = is_uint8 > 0 ? napi_uint8_array : napi_int8_array;
  }
  if (length) *length = bytes.length / bytes.unit;
  if (offset) *offset = bytes.offset;
  if (data) *data = bytes.data;
  return buffer ? napi_get_named_property(env, array, "buffer", buffer) : status(napi_ok);
}
