// make_filesystem: a new file system, detached, by fsopen, fsconfig and fsmount.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "handlers.h"
#include "kernel.h"
#include "mount_options.h"
#include "mount_tree.h"

namespace init {
namespace {

enum class Made {
  Yes,
  No,       // context.fail has been called
  Classic,  // only mount(2) can do it
};

// What the kernel says about a refused option ("tmpfs: Unknown parameter 'x'"), all lines as one.
class Complaint {
 public:
  Complaint(int filesystem, const char *type) {
    size_t prefix = strlen(type);
    char line[512];
    ssize_t length;
    while ((length = retry([&] { return read(filesystem, line, sizeof line - 1); })) > 0) {
      line[length] = '\0';
      if (line[0] != 'e' || line[1] != ' ') continue;
      // "tmpfs: Unknown parameter": the message names the file system already.
      bool named = strncmp(line + 2, type, prefix) == 0 && strncmp(line + 2 + prefix, ": ", 2) == 0;
      add(named ? line + 2 + prefix + 2 : line + 2);
    }
  }
  const char *text() const { return text_; }

 private:
  void add(const char *line) {
    size_t used = strlen(text_), length = strcspn(line, "\n");
    snprintf(text_ + used, sizeof text_ - used, "%s%.*s", used ? "; " : ": ", static_cast<int>(length), line);
  }

  char text_[1024] = "";
};

struct Superblock {
  uint64_t bit;
  const char *option;
};
// The bits of mount(2) that fsconfig knows as options. MS_SILENT only quiets the kernel's log.
constexpr Superblock kSuperblock[] = {
    {MS_RDONLY, "ro"},         {MS_SYNCHRONOUS, "sync"}, {MS_DIRSYNC, "dirsync"},
    {MS_LAZYTIME, "lazytime"}, {MS_MANDLOCK, "mand"},
};

class Maker {
 public:
  // `join_layers`: overlay's lowerdir+ is not known (before Linux 6.7).
  Maker(Context &context, const steps::MakeFilesystem &step, bool join_layers)
      : context_(context), step_(step), overlay_(strcmp(step.type, "overlay") == 0), join_layers_(join_layers) {}

  Made run(uint64_t superblock, UniqueFd &tree) {
    fs_.reset(sys_fsopen(step_.type, FSOPEN_CLOEXEC));
    if (!fs_ && errno == ENODEV) return refuse(ENODEV, "no such file system in this kernel");
    if (!fs_) return refuse(errno, nullptr);
    // fsconfig cuts nothing, it refuses what is longer than 255 bytes; mount(2) takes it.
    if (strlen(step_.source) > kOptionLimit) return Made::Classic;
    if (*step_.source && sys_fsconfig(fs_.get(), FSCONFIG_SET_STRING, "source", step_.source, 0) != 0) {
      return refuse(errno, "source");
    }
    Made made = set_options();
    if (made != Made::Yes) return made;
    for (const Superblock &flag : kSuperblock) {
      if (!(superblock & flag.bit)) continue;
      if (sys_fsconfig(fs_.get(), FSCONFIG_SET_FLAG, flag.option, nullptr, 0) != 0) return refuse(errno, flag.option);
    }
    if (retry([&] { return sys_fsconfig(fs_.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0); }) != 0) {
      // Older file systems look at their options only now, and say nothing of which it is.
      return refuse(errno, *step_.data && !is_secret(step_.data) ? step_.data : nullptr);
    }
    // MS_RDONLY of mount(2) is both: a superblock that others share may stay writable.
    uint64_t attributes = step_.attributes | (step_.superblock & MS_RDONLY ? MOUNT_ATTR_RDONLY : 0);
    tree.reset(sys_fsmount(fs_.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes)));
    return tree ? Made::Yes : refuse(errno, nullptr);
  }

 private:
  Made refuse(int error, const char *option) {
    Complaint complaint(fs_.get(), step_.type);
    if (option && !*complaint.text()) {
      context_.fail(error, "mount %s: %s", step_.type, option);
    } else {
      context_.fail(error, "mount %s%s", step_.type, complaint.text());
    }
    return Made::No;
  }

  // An error message is no place for a password (cifs, ceph).
  static bool is_secret(const char *key) { return strstr(key, "pass") || strstr(key, "secret"); }

  Made refuse_value(int error, const char *key, const char *value) {
    Complaint complaint(fs_.get(), step_.type);
    context_.fail(error, "mount %s: %s=%s%s", step_.type, key, is_secret(key) ? "…" : value, complaint.text());
    return Made::No;
  }

  Made set_options() {
    char option[kClassicDataSize];
    bool fits;
    for (const char *data = step_.data; next_option(data, option, sizeof option, fits);) {
      if (!fits) return refuse(E2BIG, "an option is longer than a page");
      char *value = split_option(option);
      Made made = set(option, value, value);
      if (made != Made::Yes) return made;
    }
    for (const char *parameter : step_.parameters) {
      Made made = set_parameter(parameter, option);
      if (made != Made::Yes) return made;
    }
    return Made::Yes;
  }

  Made set_parameter(const char *parameter, char (&key)[kClassicDataSize]) {
    const char *equals = strchr(parameter, '=');
    size_t length = equals ? static_cast<size_t>(equals - parameter) : strlen(parameter);
    if (length > kOptionLimit) return refuse(EINVAL, "an option with a name of more than 255 bytes");
    memcpy(key, parameter, length);
    key[length] = '\0';
    if (!equals) return set(key, nullptr, nullptr);
    const char *path = equals + 1;
    if (overlay_ && strcmp(key, "lowerdir+") == 0) {
      // Taken as it is, without escapes; older kernels want all layers in one option.
      return join_layers_ ? Made::Classic : set(key, path, path);
    }
    if (overlay_ && (strcmp(key, "upperdir") == 0 || strcmp(key, "workdir") == 0)) {
      char escaped[kClassicDataSize];
      if (!escape_layer(path, escaped, sizeof escaped)) return refuse(ENAMETOOLONG, key);
      return set(key, escaped, path);
    }
    return set(key, path, path);
  }

  // `path` is the value without escapes.
  Made set(const char *key, const char *value, const char *path) {
    if (!value) {
      if (sys_fsconfig(fs_.get(), FSCONFIG_SET_FLAG, key, nullptr, 0) != 0) return refuse(errno, key);
      return Made::Yes;
    }
    if (strlen(key) > kOptionLimit) return refuse(EINVAL, "an option with a name of more than 255 bytes");
    if (strlen(value) > kOptionLimit) {
      // A layer can be given as a descriptor since Linux 6.13; all else goes to mount(2).
      return overlay_ && set_layer(key, path) ? Made::Yes : Made::Classic;
    }
    if (sys_fsconfig(fs_.get(), FSCONFIG_SET_STRING, key, value, 0) == 0) return Made::Yes;
    if (errno == EINVAL && overlay_ && strcmp(key, "lowerdir+") == 0) return Made::Classic;
    return refuse_value(errno, key, value);
  }

  bool set_layer(const char *key, const char *path) {
    if (strcmp(key, "lowerdir+") != 0 && strcmp(key, "upperdir") != 0 && strcmp(key, "workdir") != 0) return false;
    UniqueFd layer(retry([&] { return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    return layer && sys_fsconfig(fs_.get(), FSCONFIG_SET_FD, key, nullptr, layer.get()) == 0;
  }

  Context &context_;
  const steps::MakeFilesystem &step_;
  bool overlay_;
  bool join_layers_;
  UniqueFd fs_;
};

bool has_layers(const steps::MakeFilesystem &step) {
  if (strcmp(step.type, "overlay") != 0) return false;
  for (const char *parameter : step.parameters) {
    if (value_of(parameter, "lowerdir+")) return true;
  }
  return false;
}

bool keep_classic(MountSlot &slot, ClassicMount &classic, const steps::MakeFilesystem &step, uint64_t superblock) {
  classic = ClassicMount{};
  classic.type = step.type;
  classic.source = step.source;
  classic.data = step.data;
  classic.parameters = step.parameters;
  classic.superblock = superblock;
  classic.set = step.attributes | (step.superblock & MS_RDONLY ? MOUNT_ATTR_RDONLY : 0);
  // A new mount has relatime, whatever the attributes say: they are the whole truth here.
  classic.clear = MOUNT_ATTR__ATIME;
  fill(slot, MountSlot::Tree::Classic, UniqueFd(), &classic);
  return true;
}

bool make(Context &context, MountSlot &slot, ClassicMount &classic, const steps::MakeFilesystem &step,
          uint64_t superblock) {
  // MS_I_VERSION has no name for fsconfig.
  if (!has_mount_api() || (superblock & MS_I_VERSION)) return keep_classic(slot, classic, step, superblock);
  UniqueFd tree;
  Made made = Maker(context, step, false).run(superblock, tree);
  // Before Linux 6.5 overlay says only at the end that it doesn't know lowerdir+.
  if (made == Made::No && context.error() == EINVAL && has_layers(step)) {
    made = Maker(context, step, true).run(superblock, tree);
  }
  if (made == Made::Classic) return keep_classic(slot, classic, step, superblock);
  if (made == Made::No) return false;
  fill(slot, MountSlot::Tree::Detached, static_cast<UniqueFd &&>(tree), nullptr);
  return true;
}

}  // namespace

bool make_filesystem(Context &context, MountSlot &slot, ClassicMount &classic, const steps::MakeFilesystem &step) {
  uint64_t superblock = step.superblock;
  bool tmpfs = strcmp(step.type, "tmpfs") == 0;
  // Nobody else has this superblock, so the mount's own flag does; and the root can be given its mode.
  if (tmpfs) superblock &= ~static_cast<uint64_t>(MS_RDONLY);
  if (!make(context, slot, classic, step, superblock)) return false;
  // As runc and crun do: a tmpfs over an existing directory looks like it.
  slot.adopt_mode = tmpfs && !has_option(step.data, "mode");
  slot.adopt_owner = tmpfs && !has_option(step.data, "uid") && !has_option(step.data, "gid");
  return true;
}

bool run(Context &context, const steps::MakeFilesystem &step) {
  MountSlot *slot = context.slot(step.slot);
  if (!slot) return context.fail(EBADF, "no slot for %s", step.type);
  return make_filesystem(context, *slot, classic_room(context, *slot), step);
}

}  // namespace init
