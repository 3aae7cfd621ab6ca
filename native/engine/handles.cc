#include "handles.h"

#include <stdio.h>
#include <stdlib.h>

#include <deque>

#include "engine.h"

namespace engine {
namespace {

JSContext *the_context = nullptr;
// Slots keep their address while others come and go above them.
std::deque<JSValue> stack;
JSValue pending = JS_UNINITIALIZED;
napi_extended_error_info last = {};

// For the statuses that our functions answer with; node-addon-api makes an error of them.
const char *words(napi_status code) {
  switch (code) {
    case napi_invalid_arg:
      return "Invalid argument";
    case napi_object_expected:
      return "An object was expected";
    case napi_string_expected:
      return "A string was expected";
    case napi_boolean_expected:
      return "A boolean was expected";
    case napi_number_expected:
      return "A number was expected";
    case napi_bigint_expected:
      return "A bigint was expected";
    case napi_array_expected:
      return "An array was expected";
    case napi_pending_exception:
      return "An exception is pending";
    default:
      return "Unknown failure";
  }
}

}  // namespace

void begin_handles(JSContext *context) { the_context = context; }

JSContext *context() { return the_context; }

napi_value handle(JSValue value) {
  stack.push_back(value);
  return reinterpret_cast<napi_value>(&stack.back());
}

JSValue value_of(napi_value handle) { return *reinterpret_cast<JSValue *>(handle); }

size_t handle_count() { return stack.size(); }

void drop_handles(size_t count) {
  while (stack.size() > count) {
    JS_FreeValue(the_context, stack.back());
    stack.pop_back();
  }
}

napi_status status(napi_status code) {
  last.error_code = code;
  return code;
}

bool is_pending() { return !JS_IsUninitialized(pending); }

void set_pending(JSValue exception) {
  if (is_pending()) JS_FreeValue(the_context, pending);
  pending = exception;
}

JSValue take_pending() {
  const JSValue exception = is_pending() ? pending : JS_UNDEFINED;
  pending = JS_UNINITIALIZED;
  return exception;
}

napi_status threw() {
  set_pending(JS_GetException(the_context));
  return status(napi_pending_exception);
}

napi_status give(JSValue value, napi_value *result) {
  if (JS_IsException(value)) return threw();
  *result = handle(value);
  return status(napi_ok);
}

}  // namespace engine

using engine::context;
using engine::status;

namespace {

// Scopes are heights of the stack, as numbers from 1: a null scope is none.
template <typename Scope>
Scope scope_at(size_t height) {
  return reinterpret_cast<Scope>(height + 1);
}
template <typename Scope>
size_t height_of(Scope scope) {
  return reinterpret_cast<size_t>(scope) - 1;
}

}  // namespace

napi_status napi_open_handle_scope(napi_env, napi_handle_scope *result) {
  *result = scope_at<napi_handle_scope>(engine::handle_count());
  return status(napi_ok);
}

napi_status napi_close_handle_scope(napi_env, napi_handle_scope scope) {
  engine::drop_handles(height_of(scope));
  return status(napi_ok);
}

// The slot below the scope is for the one handle that escapes.
napi_status napi_open_escapable_handle_scope(napi_env, napi_escapable_handle_scope *result) {
  engine::handle(JS_UNDEFINED);
  *result = scope_at<napi_escapable_handle_scope>(engine::handle_count());
  return status(napi_ok);
}

napi_status napi_close_escapable_handle_scope(napi_env, napi_escapable_handle_scope scope) {
  engine::drop_handles(height_of(scope));
  return status(napi_ok);
}

napi_status napi_escape_handle(napi_env, napi_escapable_handle_scope scope, napi_value escapee, napi_value *result) {
  JSValue &slot = engine::stack[height_of(scope) - 1];
  JS_FreeValue(context(), slot);
  slot = JS_DupValue(context(), engine::value_of(escapee));
  *result = reinterpret_cast<napi_value>(&slot);
  return status(napi_ok);
}

napi_status napi_create_reference(napi_env, napi_value value, uint32_t, napi_ref *result) {
  // Strong always: ours live as long as the process, or are deleted.
  auto *reference = new JSValue(JS_DupValue(context(), engine::value_of(value)));
  *result = reinterpret_cast<napi_ref>(reference);
  return status(napi_ok);
}

napi_status napi_delete_reference(napi_env, napi_ref reference) {
  auto *value = reinterpret_cast<JSValue *>(reference);
  JS_FreeValue(context(), *value);
  delete value;
  return status(napi_ok);
}

napi_status napi_get_reference_value(napi_env, napi_ref reference, napi_value *result) {
  return engine::give(JS_DupValue(context(), *reinterpret_cast<JSValue *>(reference)), result);
}

napi_status napi_get_last_error_info(napi_env, const napi_extended_error_info **result) {
  engine::last.error_message = engine::last.error_code == napi_ok ? nullptr : engine::words(engine::last.error_code);
  *result = &engine::last;
  return napi_ok;
}

napi_status napi_throw(napi_env, napi_value error) {
  engine::set_pending(JS_DupValue(context(), engine::value_of(error)));
  return status(napi_ok);
}

napi_status napi_is_exception_pending(napi_env, bool *result) {
  *result = engine::is_pending();
  return status(napi_ok);
}

napi_status napi_get_and_clear_last_exception(napi_env, napi_value *result) {
  *result = engine::handle(engine::take_pending());
  return status(napi_ok);
}

void napi_fatal_error(const char *location, size_t, const char *message, size_t) {
  fprintf(stderr, "runt: bug in the addon: %s: %s\n", location ? location : "", message ? message : "");
  abort();
}
