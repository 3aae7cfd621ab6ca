// Files in memory that nobody can change any more once they are filled.
#pragma once
#include <string>

#include "unique_fd.h"

namespace addon {

enum class MemoryFile { Data, Program };

// A memfd, empty and not sealed. Invalid with errno set: EACCES where vm.memfd_noexec forbids programs in memory
// (Linux 6.3).
UniqueFd empty_memory_file(const char *name, MemoryFile kind);

// A memfd with this content, at offset 0, sealed against writing, growing, shrinking and further seals.
UniqueFd make_memory_file(const char *name, MemoryFile kind, const void *data, size_t size);

// As above, filled from a file.
UniqueFd copy_to_memory_file(const char *name, MemoryFile kind, int source);

}  // namespace addon
