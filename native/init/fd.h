// Owned descriptors, and the loop that every call needs which a signal may interrupt.
#pragma once
#include <errno.h>

#include "../common/unique_fd.h"

namespace init {

using native::UniqueFd;

// Calls until it is not interrupted by a signal.
template <typename Call>
auto retry(Call &&call) -> decltype(call()) {
  decltype(call()) result;
  do {
    result = call();
  } while (result == -1 && errno == EINTR);
  return result;
}

}  // namespace init
