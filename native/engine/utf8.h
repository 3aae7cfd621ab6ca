// Strings of JavaScript ⇄ UTF-8, as the Encoding Standard has it and Node does it: what is not
// well-formed becomes U+FFFD. QuickJS alone lets half a surrogate pair through in both directions.
#pragma once

#include "quickjs_api.h"

namespace engine {

/** A string of bytes that should be UTF-8. */
JSValue new_string(JSContext *context, const char *bytes, size_t length);

/** Replaces halves of surrogate pairs in what JS_ToCStringLen gave. They take as many bytes as U+FFFD. */
void replace_surrogates(char *text, size_t length);

}  // namespace engine
