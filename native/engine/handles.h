// What the files of Node-API share: how its values, scopes and errors stand for those of QuickJS.
//
// There is one engine in a process and one thread in it, so one context. A napi_value is the address
// of a slot on a stack of handles, and each slot owns one reference; a scope is a height of that stack.
#pragma once

#include <node_api.h>

#include "quickjs_api.h"

namespace engine {

/** The context that everything runs in. */
JSContext *context();

/** A new handle, which takes over the reference. */
napi_value handle(JSValue value);

/** What a handle stands for; the reference stays the handle's. */
JSValue value_of(napi_value handle);

/** The number of handles, and back to an earlier one. */
size_t handle_count();
void drop_handles(size_t count);

/** Notes a status for napi_get_last_error_info. */
napi_status status(napi_status code);

/** The exception that QuickJS has at hand becomes the pending one of Node-API. */
napi_status threw();

/** An exception waits until the function of the addon returns. */
bool is_pending();
void set_pending(JSValue exception);
/** Takes it; undefined when there is none. */
JSValue take_pending();

/** A handle for a value that may be an exception. */
napi_status give(JSValue value, napi_value *result);

/** The bytes of a typed array, which owns them. */
struct Bytes {
  uint8_t *data = nullptr;
  size_t length = 0;
  /** Where they begin in the array's buffer, and how many make one of its numbers. */
  size_t offset = 0, unit = 0;
};
/** False with an exception at hand: it is no typed array. */
bool bytes_of(JSValueConst array, Bytes *bytes);

/** Is it a pointer of the addon's? */
bool is_external(JSValue value);

/** A function of JavaScript that calls one of the addon. */
JSValue make_function(napi_callback callback, void *data);

}  // namespace engine
