// open_console: the container's terminal, from its own devpts.
//
// Everything is verified by what was opened: /dev/pts and what is in it are the image's as long
// as nothing is mounted there (CVE-2025-52565).
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "channel.h"
#include "handlers.h"
#include "kernel.h"
#include "mount_tree.h"

namespace init {
namespace {

constexpr unsigned kPtmxMajor = 5, kPtmxMinor = 2;
constexpr unsigned kSlaveMajor = 136;  // UNIX98_PTY_SLAVE_MAJOR of the kernel; the minor is the terminal's number

bool on_devpts(int fd) {
  struct statfs status;
  return fstatfs(fd, &status) == 0 && status.f_type == DEVPTS_SUPER_MAGIC;
}

bool is_terminal_master(int fd) {
  struct stat status;
  return on_devpts(fd) && fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) &&
         status.st_rdev == makedev(kPtmxMajor, kPtmxMinor);
}

bool is_slave(int fd) {
  struct stat status;
  return on_devpts(fd) && fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && major(status.st_rdev) == kSlaveMajor;
}

// Opens a device of the devpts directory: judged as O_PATH before it is opened for real, so that
// no other device notices.
UniqueFd open_verified(int pts, const char *name, bool (*is_right)(int), int flags) {
  UniqueFd seen(openat(pts, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!seen) return {};
  if (!is_right(seen.get())) {
    errno = ENODEV;
    return {};
  }
  UniqueFd opened(openat(pts, name, flags | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
  if (opened && !is_right(opened.get())) {
    errno = ENODEV;
    return {};
  }
  return opened;
}

UniqueFd open_slave(int master, int pts) {
  // Linux 4.13: straight from the master, no name is looked up.
  UniqueFd slave(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (slave || (errno != EINVAL && errno != ENOTTY)) return slave;
  unsigned number;
  char name[16];
  if (ioctl(master, TIOCGPTN, &number) != 0) return {};
  snprintf(name, sizeof name, "%u", number);
  slave = open_verified(pts, name, is_slave, O_RDWR);
  struct stat status;
  if (!slave || (fstat(slave.get(), &status) == 0 && minor(status.st_rdev) == number)) return slave;
  errno = ENODEV;
  return {};
}

bool set_up(Context &context, const steps::OpenConsole &step, int master, int slave) {
  if (step.width || step.height) {
    struct winsize size = {};
    size.ws_col = static_cast<unsigned short>(step.width);
    size.ws_row = static_cast<unsigned short>(step.height);
    if (ioctl(master, TIOCSWINSZ, &size) != 0) return context.fail(errno, "set the size of the terminal");
  }
  // What reads the master wants the program's newlines as they are.
  struct termios modes;
  if (tcgetattr(slave, &modes) != 0) return context.fail(errno, "read the modes of the terminal");
  modes.c_oflag &= ~static_cast<tcflag_t>(ONLCR);
  if (tcsetattr(slave, TCSANOW, &modes) != 0) return context.fail(errno, "set the modes of the terminal");
  struct stat status;
  if (fstat(slave, &status) != 0) return context.fail(errno, "stat the terminal");
  if (status.st_uid != step.uid && fchown(slave, step.uid, static_cast<gid_t>(-1)) != 0) {
    return context.fail(errno, "change the owner of the terminal");
  }
  return true;
}

// The slave on /dev/console. A symlink there is an error (CVE-2026-88264), a missing file is made
// by name in its parent, and the mount goes from descriptor to descriptor.
bool bind_console(Context &context, int slave) {
  constexpr const char *kPath = "/dev/console";
  Place place;
  if (!open_place(context, kPath, Links::Last, place)) return context.fail(errno, "make %s", kPath);
  UniqueFd file = make_file(place, 0600);
  struct stat status;
  if (!file || fstat(file.get(), &status) != 0) return context.fail(errno, "make %s", kPath);
  if (S_ISLNK(status.st_mode)) return context.fail(ELOOP, "mount at %s: a symlink in the root filesystem", kPath);
  MountSlot slot;
  ClassicMount classic;
  bool done = clone_descriptor(context, slot, classic, slave, "the terminal", /*recursive=*/false) &&
              attach(context, slot, {file.get(), kPath, Links::Last});
  UniqueFd attached(slot.fd);
  return done;
}

bool take_terminal(Context &context, int slave) {
  for (int fd = 0; fd <= 2; ++fd) {
    if (retry([&] { return dup2(slave, fd); }) < 0) return context.fail(errno, "make the terminal stdio");
  }
  // set_session came before: a session leader without a terminal.
  if (ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0) return context.fail(errno, "make it the controlling terminal");
  return true;
}

}  // namespace

bool run(Context &context, const steps::OpenConsole &step) {
  if (context.channel < 0) return context.fail(EBADF, "open a terminal: nobody to send it to");
  UniqueFd pts = open_in_root(context, "/dev/pts", O_PATH | O_DIRECTORY);
  if (!pts) return context.fail(errno, "open /dev/pts");
  if (!on_devpts(pts.get())) return context.fail(ENODEV, "open a terminal: no devpts at /dev/pts");
  UniqueFd master = open_verified(pts.get(), "ptmx", is_terminal_master, O_RDWR);
  if (!master) return context.fail(errno, "open /dev/pts/ptmx");
  int locked = 0;
  if (ioctl(master.get(), TIOCSPTLCK, &locked) != 0) return context.fail(errno, "unlock the terminal");
  UniqueFd slave = open_slave(master.get(), pts.get());
  if (!slave) return context.fail(errno, "open the terminal");
  if (!is_slave(slave.get())) return context.fail(ENODEV, "open the terminal: it is another file");
  if (!set_up(context, step, master.get(), slave.get())) return false;
  if (step.bind && !bind_console(context, slave.get())) return false;
  if (!send_message(context, steps::Message::Descriptor, 0, "", master.get())) {
    return context.fail(errno, "send the terminal");
  }
  return take_terminal(context, slave.get());
}

}  // namespace init
