#include "interpreter.h"

#include <linux/filter.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "channel.h"
#include "fd.h"
#include "handlers.h"
#include "leave.h"

namespace init {
namespace {

constexpr uint32_t kHeaderWords = 6;
constexpr uint32_t kHeaderSize = kHeaderWords * 4;
constexpr off_t kMaxProgram = 64 << 20;

// What a step demands beyond its layout. A slot that a step can't do without must be given: the
// handlers rely on it.
template <typename Step>
auto has_needed_slot(const Step &step, int) -> decltype(step.slot, bool()) {
  return step.slot != steps::kNoSlot;
}
template <typename Step>
bool has_needed_slot(const Step &, long) {
  return true;
}

template <typename Step>
bool is_sound(const Step &step) {
  return has_needed_slot(step, 0);
}
// The answer's descriptor may be unwanted.
bool is_sound(const steps::Sync &) { return true; }
bool is_sound(const steps::IdmapTree &step) { return step.slot != steps::kNoSlot && step.userns != steps::kNoSlot; }
bool is_sound(const steps::SetSeccomp &step) {
  return step.filter.size > 0 && step.filter.size % sizeof(struct sock_filter) == 0 &&
         step.filter.size / sizeof(struct sock_filter) <= BPF_MAXINSNS;
}
bool is_sound(const steps::Execute &step) { return step.args.count > 0; }

// The next step's opcode and body; false when the frame is broken.
bool next_step(steps::Reader &all, uint32_t &op, const uint8_t *&body, uint32_t &size) {
  return all.u32(op) && all.u32(size) && (body = all.take(size)) != nullptr;
}

// The time of day, in µs: the monotonic clocks jump where a step enters another time namespace.
int64_t microseconds() {
  struct timespec now = {};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000000 + now.tv_nsec / 1000;
}

// Puts the second part in the place of the first, which stays mapped: strings of it may be in use.
bool load_second_part(Context &context, bool is_first_done, Program &program) {
  UniqueFd file(context.second_part);
  context.second_part = -1;
  const char *why = is_first_done ? load_program(file.get(), program) : "the first part of the program goes on";
  if (!why && program.passed > 0) why = "slots are passed in with the first part of a program only";
  if (why) return context.fail(0, "%s", why);
  context.make_slots(program.slots);
  return true;
}

void tell_progress(Context &context, int64_t begun) {
  const int64_t took = microseconds() - begun;
  send_message(context, steps::Message::Progress, static_cast<int32_t>(took < 0 ? 0 : took), "", -1);
}

}  // namespace

const char *check_program(const uint8_t *bytes, size_t size, Program &program) {
  if (size < kHeaderSize) return "the program is shorter than its header";
  uint32_t header[kHeaderWords];
  memcpy(header, bytes, sizeof header);
  if (header[0] != steps::kMagic) return "this is no program of steps";
  if (header[1] != steps::kVersion) return "the program has another version than this runt-init";
  if (header[2] != size) return "the size of the program is not what its header says";
  program.count = header[3];
  program.slots = header[4];
  program.passed = header[5];
  if (program.slots > steps::kMaxSlots || program.passed > program.slots) return "the program has too many slots";
  program.steps = bytes + kHeaderSize;
  program.size = static_cast<uint32_t>(size) - kHeaderSize;

  steps::Reader all(program.steps, program.size, program.slots);
  for (uint32_t i = 0; i < program.count; ++i) {
    uint32_t op = 0, length = 0;
    const uint8_t *body = nullptr;
    if (!next_step(all, op, body, length)) return "a step of the program is cut off";
    steps::Reader fields(body, length, program.slots);
    if (!steps::dispatch(op, fields, [](const auto &step) { return is_sound(step); }))
      return "a step of the program is malformed";
  }
  return all.done() ? nullptr : "the program has bytes left over at its end";
}

const char *load_program(int fd, Program &program) {
  struct stat status;
  if (fstat(fd, &status) != 0 || status.st_size <= 0 || status.st_size > kMaxProgram)
    return "no program at its descriptor";
  const size_t size = static_cast<size_t>(status.st_size);
  const void *start = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (start == MAP_FAILED) return "the program can't be mapped";
  return check_program(static_cast<const uint8_t *>(start), size, program);
}

void run_program(Context &context, Program program) {
  steps::Reader all(program.steps, program.size, program.slots);
  uint32_t end = program.count;
  for (context.step = 0; context.step < end; ++context.step) {
    uint32_t op = 0, length = 0;
    const uint8_t *body = nullptr;
    bool went_well = false;
    if (next_step(all, op, body, length)) {
      steps::Reader fields(body, length, program.slots);
      if (op == static_cast<uint32_t>(steps::Op::SetSeccomp)) context.tracing = false;
      const int64_t begun = context.tracing ? microseconds() : 0;
      went_well = steps::dispatch(op, fields, [&](const auto &step) { return run(context, step); });
      if (went_well && begun) tell_progress(context, begun);
    }
    if (went_well && context.second_part >= 0) {
      went_well = load_second_part(context, all.done(), program);
      all = steps::Reader(program.steps, program.size, program.slots);
      end = context.step + 1 + program.count;
    }
    if (!went_well) {
      send_message(context, steps::Message::Failure, context.error(), context.text(), -1);
      leave(1);
    }
  }
  context.step = end ? end - 1 : 0;
  send_message(context, steps::Message::Done, 0, "", -1);
  leave(0);
}

}  // namespace init
