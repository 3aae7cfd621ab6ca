#include "utf8.h"

#include <stdint.h>
#include <string.h>

#include <algorithm>
#include <string>

namespace engine {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";

// The range of the second byte of a sequence; it excludes overlong forms, surrogates and what is above U+10FFFF.
struct Second {
  uint8_t least = 0x80, most = 0xBF;
};

Second second_of(uint8_t first) {
  switch (first) {
    case 0xE0:
      return {0xA0, 0xBF};
    case 0xED:
      return {0x80, 0x9F};
    case 0xF0:
      return {0x90, 0xBF};
    case 0xF4:
      return {0x80, 0x8F};
    default:
      return {};
  }
}

size_t size_of(uint8_t first) {
  return first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
}

// How many bytes at the start of `text` belong together, and whether they are a character.
size_t sequence(const uint8_t *text, size_t left, bool *is_valid) {
  const size_t size = size_of(text[0]);
  *is_valid = size == 1;
  if (size < 2) return 1;
  const Second second = second_of(text[0]);
  size_t index = 1;
  for (; index < size && index < left; index++) {
    const uint8_t least = index == 1 ? second.least : 0x80, most = index == 1 ? second.most : 0xBF;
    if (text[index] < least || text[index] > most) break;
  }
  *is_valid = index == size;
  return index;
}

size_t valid_length(const uint8_t *text, size_t length) {
  size_t at = 0;
  bool is_valid = true;
  while (at < length) {
    const size_t size = sequence(text + at, length - at, &is_valid);
    if (!is_valid) break;
    at += size;
  }
  return at;
}

}  // namespace

JSValue new_string(JSContext *context, const char *bytes, size_t length) {
  const auto *text = reinterpret_cast<const uint8_t *>(bytes);
  size_t at = valid_length(text, length);
  if (at == length) return JS_NewStringLen(context, bytes, length);
  std::string whole(bytes, at);
  while (at < length) {
    bool is_valid = false;
    const size_t size = sequence(text + at, length - at, &is_valid);
    whole += is_valid ? std::string(bytes + at, size) : kReplacement;
    at += size;
  }
  return JS_NewStringLen(context, whole.data(), whole.size());
}

void replace_surrogates(char *text, size_t length) {
  for (char *at = text; (at = static_cast<char *>(memchr(at, 0xED, static_cast<size_t>(text + length - at)))); at++) {
    if (text + length - at < 3) return;
    if (static_cast<uint8_t>(at[1]) >= 0xA0) std::copy_n(kReplacement, 3, at);
  }
}

}  // namespace engine
