// QuickJS's header is C and gives no warnings of ours.
#pragma once
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wcast-function-type"
extern "C" {
#include <quickjs.h>
}
#pragma GCC diagnostic pop

#include <stdio.h>

/** Prints the exception at hand and where it was thrown, after some words. */
inline void print_exception(JSContext *context, const char *words) {
  const JSValue error = JS_GetException(context);
  const JSValue stack = JS_GetPropertyStr(context, error, "stack");
  const char *text = JS_ToCString(context, error);
  const char *where = JS_ToCString(context, stack);
  fprintf(stderr, "%s: %s\n%s", words, text ? text : "unknown error", where ? where : "");
}
