// One entry of a program's descriptor table.
#pragma once
#include <stdint.h>

namespace init {

struct MountSlot {
  int fd = -1;
  // join_namespace has entered the namespace that fd stands for.
  bool joined = false;
};

}  // namespace init
