// Checks a program of steps as a whole, and runs it.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "context.h"

namespace init {

// A program that has been checked: every step decodes.
struct Program {
  const uint8_t *steps = nullptr;
  uint32_t size = 0;  // bytes of all steps
  uint32_t count = 0;
  uint32_t slots = 0;
  uint32_t passed = 0;
};

// Decodes all of it before anything is done. `bytes` must be aligned to four and outlive the
// result. Null when it is sound, else what is wrong with it.
const char *check_program(const uint8_t *bytes, size_t size, Program &);

// Maps the program in a file, for good, and checks it. Null when it is sound, else what is wrong with it.
const char *load_program(int fd, Program &);

// Runs the steps in order, those of a second part after them. Ends the process: by execve, with status 0 after
// the last step, with status 1 after a failure (which the engine has been told).
[[noreturn]] void run_program(Context &, Program);

}  // namespace init
