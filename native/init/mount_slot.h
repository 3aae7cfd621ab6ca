// One entry of a program's descriptor table: a plain descriptor (namespace, directory, socket) or
// a tree of mounts on its way into the container.
#pragma once
#include <stdint.h>

#include "reader.h"

namespace init {

// What mount(2) will be told once the target is known, when the kernel (or a seccomp profile)
// has no calls for detached mounts, or the file system's options fit only into mount(2).
struct ClassicMount {
  // A bind mount when type is null.
  const char *type = nullptr;
  const char *source = "";
  const char *data = "";
  steps::Strings parameters{nullptr, 0};
  // MS_* bits of the superblock; MS_BIND and MS_REC are implied by the members.
  uint64_t superblock = 0;
  // MOUNT_ATTR_* to set and to clear, MS_* propagation (0: leave), all applied when attached.
  uint64_t set = 0;
  uint64_t clear = 0;
  uint64_t propagation = 0;
  bool recursive = false;
  bool nofollow = false;
  // `expect` of clone_tree, for a source that has to be opened again.
  uint32_t expect = 0;
  // The covered directory is copied into the file system when it has been attached.
  bool copy_up = false;
};

struct MountSlot {
  enum class Tree : uint8_t {
    None,      // a plain descriptor
    Detached,  // fd is a mount that lies nowhere yet
    Classic,   // classic says how to mount; fd is the source of a bind mount, or -1
    Attached,  // fd is the attached mount
  };

  int fd = -1;
  // join_namespace has entered the namespace that fd stands for.
  bool joined = false;
  Tree tree = Tree::None;
  // A tmpfs without a mode= option: it takes the mode of the directory that it covers.
  bool adopt_mode = false;
  // copy_up gives the tmpfs root the owner of what it copies, unless uid= or gid= is given.
  bool adopt_owner = false;
  ClassicMount *classic = nullptr;
};

}  // namespace init
