// Reads the fields of a step from the program's bytes (native/steps/steps.json says how they
// lie). Nothing is copied: strings and lists point into the program, which stays mapped.
//
// The reader trusts nothing: every length is checked against what is left, a string must end in
// its NUL and hold no other, padding must be zero, and a slot must exist.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace steps {

struct Bytes {
  const uint8_t *data;
  uint32_t size;
};

struct Numbers {
  const uint32_t *data;
  uint32_t count;

  const uint32_t *begin() const { return data; }
  const uint32_t *end() const { return data + count; }
};

// A list of strings: each a u32 length, its bytes, NUL, padding to four bytes. Made only by
// Reader::strings, which has checked every item.
struct Strings {
  const uint8_t *data;
  uint32_t count;

  class Iterator {
   public:
    Iterator(const uint8_t *at, uint32_t left) : at_(at), left_(left) {}
    const char *operator*() const { return reinterpret_cast<const char *>(at_ + 4); }
    Iterator &operator++() {
      uint32_t length;
      memcpy(&length, at_, 4);
      at_ += 4 + ((static_cast<size_t>(length) + 1 + 3) & ~static_cast<size_t>(3));
      --left_;
      return *this;
    }
    bool operator!=(const Iterator &other) const { return left_ != other.left_; }

   private:
    const uint8_t *at_;
    uint32_t left_;
  };

  Iterator begin() const { return {data, count}; }
  Iterator end() const { return {nullptr, 0}; }
};

class Reader {
 public:
  // `at` must be aligned to four bytes.
  Reader(const uint8_t *at, uint32_t size, uint32_t slot_count) : at_(at), end_(at + size), slot_count_(slot_count) {}

  bool u32(uint32_t &value) { return fixed(&value, sizeof value); }
  bool i32(int32_t &value) { return fixed(&value, sizeof value); }
  bool u64(uint64_t &value) { return fixed(&value, sizeof value); }

  // 4294967295 is "no slot" wherever a slot may be left out; the step itself says whether it may.
  bool slot(uint32_t &value) { return u32(value) && (value < slot_count_ || value == 0xffffffffu); }

  bool string(const char *&value) {
    uint32_t length;
    if (!u32(length) || length >= left()) return false;
    const char *text = reinterpret_cast<const char *>(at_);
    // The first NUL must be the one at the end: a path must not mean less to the kernel than to the engine.
    if (memchr(text, '\0', static_cast<size_t>(length) + 1) != text + length) return false;
    value = text;
    return skip(static_cast<size_t>(length) + 1);
  }

  bool bytes(Bytes &value) {
    uint32_t size;
    if (!u32(size) || size > left()) return false;
    value = {at_, size};
    return skip(size);
  }

  bool strings(Strings &value) {
    uint32_t count;
    if (!u32(count)) return false;
    value = {at_, count};
    const char *item;
    for (uint32_t i = 0; i < count; ++i) {
      if (!string(item)) return false;
    }
    return true;
  }

  bool u32s(Numbers &value) {
    uint32_t count;
    if (!u32(count) || count > left() / 4) return false;
    value = {reinterpret_cast<const uint32_t *>(at_), count};
    at_ += static_cast<size_t>(count) * 4;
    return true;
  }

  bool done() const { return at_ == end_; }

  // What lies at the reader, for the body of a step: moves over it.
  const uint8_t *take(uint32_t size) {
    if (size > left() || size % 4 != 0) return nullptr;
    const uint8_t *start = at_;
    at_ += size;
    return start;
  }

 private:
  size_t left() const { return static_cast<size_t>(end_ - at_); }

  bool fixed(void *value, size_t size) {
    if (left() < size) return false;
    memcpy(value, at_, size);
    at_ += size;
    return true;
  }

  // Moves over a field's bytes and the zero bytes up to the next 4-byte boundary.
  bool skip(size_t size) {
    size_t padded = (size + 3) & ~static_cast<size_t>(3);
    if (padded > left()) return false;
    for (size_t i = size; i < padded; ++i) {
      if (at_[i] != 0) return false;
    }
    at_ += padded;
    return true;
  }

  const uint8_t *at_;
  const uint8_t *end_;
  uint32_t slot_count_;
};

}  // namespace steps
