// The one resolver of paths inside the container's root. Nothing else in runt-init may turn a
// path of the image into a descriptor (security.md D.1).
//
// What lies in the root is hostile: every component may be a symlink to a place of the host, and
// another container that shares a volume may swap components while we look (CVE-2019-18837,
// CVE-2021-30465, CVE-2024-45310). So a path is resolved once, by openat2(2) with RESOLVE_IN_ROOT
// or component by component with O_NOFOLLOW, and from then on only its descriptor is used.
#pragma once
#include <stdint.h>
#include <sys/types.h>

#include "context.h"
#include "fd.h"

namespace init {

constexpr size_t kNameSize = 256;  // NAME_MAX and the NUL

// The root that paths are resolved in: context.root, opened as / when no step has set it (exec
// enters a container whose root is the process's own). -1 with errno.
int root_of(Context &);

enum class Links : uint8_t {
  Follow,  // inside the root, a magic link of procfs is ELOOP
  Last,    // as Follow, but the last component itself is opened when it is a symlink
  None,    // a symlink anywhere is ELOOP
};

// Opens what is at `path` inside the root. `flags` are O_PATH, O_DIRECTORY and the like; never
// O_CREAT. Close-on-exec. An empty result has errno (ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG …).
UniqueFd open_in_root(Context &, const char *path, int flags, Links links = Links::Follow);

// A place in a directory: the resolved parent, the last name in it and, when something is there,
// an O_PATH descriptor of it. For the root itself name is "" and fd is the root.
struct Place {
  UniqueFd parent;
  char name[kNameSize] = "";
  UniqueFd fd;
};

// Resolves up to the last component and makes missing parents (mode 0755, CVE-2024-45310). With
// Links::Follow a symlink as last component is followed too, a dangling one to the place that it
// names inside the root. False with errno.
bool open_place(Context &, const char *path, Links, Place &);

// The directory at `path`, made with its parents when it is missing. `mode` is that of the last
// component when made here; `made` (may be null) says whether it was. Empty with errno: ENOTDIR
// when something else is there.
UniqueFd make_directories(Context &, const char *path, mode_t mode, Links, bool *made);

// The file at a place, made empty when nothing is there. Never follows a symlink and never opens
// what exists for more than O_PATH. Empty with errno.
UniqueFd make_file(Place &, mode_t mode);

// A symlink at a place where nothing is. What is there stays: place.fd is it. False with errno.
bool make_link(Place &, const char *text);

// chmod of what an O_PATH descriptor stands for. False with errno.
bool change_mode(Context &, int fd, mode_t mode);

// No umask while it lives: modes are the ones that the config says.
class NoUmask {
 public:
  NoUmask();
  ~NoUmask();
  NoUmask(const NoUmask &) = delete;
  NoUmask &operator=(const NoUmask &) = delete;

 private:
  mode_t saved_;
};

}  // namespace init
