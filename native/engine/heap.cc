// Memory for QuickJS: small pieces are cut from blocks of pages and come back to lists by their size. The engine asks
// for some ten thousand of them in a command's few milliseconds; malloc(3) and free(3) were a quarter of its
// instructions.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine.h"

namespace engine {
namespace {

// A piece is a multiple of 16 bytes: its size, then what QuickJS gets, which so is aligned as from malloc(3).
constexpr size_t kStep = 16, kHeader = sizeof(size_t);
// Larger ones are malloc's, with two headers' room in front for the same alignment.
constexpr size_t kLargest = 1024, kRoom = 2 * kHeader;
// Mapped with its pages at once: a page fault for each costs more than clearing those that are not used.
constexpr size_t kBlock = 128 << 10;

struct Free {
  Free *next;
};
Free *free_lists[kLargest / kStep + 1];
char *cursor = nullptr, *block_end = nullptr;

size_t *header_of(void *memory) { return reinterpret_cast<size_t *>(static_cast<char *>(memory) - kHeader); }

size_t piece_size(size_t size) { return (size + kHeader + kStep - 1) & ~(kStep - 1); }

size_t usable_size(const void *memory) { return memory ? *header_of(const_cast<void *>(memory)) - kHeader : 0; }

void *map(size_t size) {
  void *memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

void *cut(size_t size) {
  if (static_cast<size_t>(block_end - cursor) < size) {
    void *block = map(kBlock);
    if (!block) return nullptr;
    cursor = static_cast<char *>(block) + kHeader;
    block_end = static_cast<char *>(block) + kBlock;
  }
  void *memory = cursor + kHeader;
  cursor += size;
  return memory;
}

void *new_piece(size_t size) {
  if (size > kLargest) {
    auto *room = static_cast<char *>(malloc(size + kRoom));
    return room ? room + kRoom : nullptr;
  }
  Free *&list = free_lists[size / kStep];
  if (!list) return cut(size);
  Free *memory = list;
  list = list->next;
  return memory;
}

void *allocate(JSMallocState *state, size_t size) {
  if (size > PTRDIFF_MAX) return nullptr;
  const size_t piece = piece_size(size);
  void *memory = new_piece(piece);
  if (!memory) return nullptr;
  *header_of(memory) = piece;
  state->malloc_count++;
  state->malloc_size += piece;
  return memory;
}

void release(JSMallocState *state, void *memory) {
  if (!memory) return;
  const size_t piece = *header_of(memory);
  state->malloc_count--;
  state->malloc_size -= piece;
  if (piece > kLargest) {
    free(static_cast<char *>(memory) - kRoom);
    return;
  }
  auto *entry = static_cast<Free *>(memory);
  entry->next = free_lists[piece / kStep];
  free_lists[piece / kStep] = entry;
}

void *reallocate(JSMallocState *state, void *memory, size_t size) {
  if (!memory) return size ? allocate(state, size) : nullptr;
  if (size == 0) {
    release(state, memory);
    return nullptr;
  }
  const size_t old = usable_size(memory);
  if (size <= PTRDIFF_MAX && piece_size(size) == old + kHeader) return memory;
  void *moved = allocate(state, size);
  if (!moved) return nullptr;
  memcpy(moved, memory, old < size ? old : size);
  release(state, memory);
  return moved;
}

}  // namespace

void *allocate_forever(size_t size) {
  const size_t piece = piece_size(size);
  return piece > kBlock / 8 ? map(size) : cut(piece);
}

JSRuntime *new_runtime() {
  static const JSMallocFunctions functions = {allocate, release, reallocate, usable_size};
  return JS_NewRuntime2(&functions, nullptr);
}

}  // namespace engine
