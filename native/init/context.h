// What every step of a program works on: its descriptors, its channel to the engine and the
// root directory that targets are resolved in.
#pragma once
#include <stdint.h>

#include "mount_slot.h"

namespace init {

// A failed or doubtful step in words. The engine adds the place in config.json and the text of
// the errno: `format` says only what was attempted, on which path.
class Context {
 public:
  // Descriptor table of the program: slot_count entries.
  MountSlot *slots = nullptr;
  uint32_t slot_count = 0;

  // Makes the table as large as this; count is at most kMaxSlots. Each slot can hold a descriptor, so the soft limit
  // of open files goes up when that is lower: a set_rlimit of the plan puts the caller's back.
  void make_slots(uint32_t count);

  // The engine's channel, or the connection of `start` once listen_start has run; -1 when none.
  int channel = -1;

  // Index of the step that runs, counted through both parts of a program.
  uint32_t step = 0;

  // The second part of the program, when receive_program has just got it.
  int second_part = -1;

  // O_PATH descriptor of the container's root: the attached root before the pivot, / after it.
  int root = -1;

  // join_namespace has entered one: from then on there may be processes of a container that could
  // look at this one.
  bool joined = false;

  // Every step is told of when it is done.
  bool tracing = false;

  // What execute will run: found by find_program. Points into the program or into a static buffer.
  const char *program = nullptr;

  // "HOME=" and what find_home has found; null when it has found nothing.
  const char *home = nullptr;

  // The slot of that index, or null (a program with a bad index is refused by the decoder's caller).
  MountSlot *slot(uint32_t index) { return index < slot_count ? &slots[index] : nullptr; }

  // Remembers what went wrong for the failure message; always false, so that a step can
  // `return context.fail(errno, "open %s", path)`.
  [[gnu::format(printf, 3, 4)]] bool fail(int error, const char *format, ...);

  // Tells the engine what this step went on without.
  [[gnu::format(printf, 3, 4)]] void warn(int error, const char *format, ...);

  // The procfs that nothing of the container can cover: fsopen("proc") with subset=pid where
  // the kernel has it, else a checked /proc of the host. `whole` asks for one with /proc/sys.
  // -1 with the failure remembered.
  int proc(bool whole);

  // Closes what proc() has opened: before a long wait, and before a hook runs.
  void close_proc();

  int error() const { return error_; }
  const char *text() const;

 private:
  int error_ = 0;
  int proc_pid_ = -1;
  int proc_whole_ = -1;
};

}  // namespace init
