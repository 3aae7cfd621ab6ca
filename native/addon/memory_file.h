// Files in memory that nobody can change any more once they are filled. Without memfd_create(2) they are
// files without a name (O_TMPFILE), which are read-only instead of sealed.
#pragma once
#include <string>

#include "unique_fd.h"

namespace addon {

enum class MemoryFile { Data, Program };

// An empty one that can be written to. Invalid with errno set: EACCES where vm.memfd_noexec forbids programs in memory
// (Linux 6.3).
UniqueFd empty_memory_file(const char *name, MemoryFile kind);

// One with this content, at offset 0, sealed against writing, growing, shrinking and further seals.
UniqueFd make_memory_file(const char *name, MemoryFile kind, const void *data, size_t size);

// As above, filled from a file.
UniqueFd copy_to_memory_file(const char *name, MemoryFile kind, int source);

}  // namespace addon
