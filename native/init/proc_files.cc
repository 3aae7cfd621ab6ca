// Steps that write files of procfs. Each makes sure that it is the kernel's file that is written:
// see procfs.h.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "fd.h"
#include "handlers.h"
#include "procfs.h"

namespace init {
namespace {

// The files of a process that is not dumpable belong to the host's root, so one in a user
// namespace can't open its own. While no namespace has been joined no process of a container can
// see this one, and being dumpable for the moment of the open is no risk (CVE-2016-9962 needs one).
int open_own_while_dumpable(int proc, const char *file) {
  if (prctl(PR_GET_DUMPABLE) == 1) {
    errno = EACCES;
    return -1;
  }
  if (prctl(PR_SET_DUMPABLE, 1) != 0) return -1;
  int fd = open_own_proc_file(proc, file);
  int error = errno;
  prctl(PR_SET_DUMPABLE, 0);
  errno = error;
  return fd;
}

// False with errno.
bool write_own(Context &context, const char *file, const char *text) {
  // The mounted procfs first: no mount has to be made. Nothing is lost when it is a hostile one,
  // as it must be a procfs root, and what is mounted over the file is EXDEV.
  UniqueFd mounted(open_mounted_procfs());
  int proc = mounted.get();
  UniqueFd fd(mounted ? open_own_proc_file(proc, file) : -1);
  if (!fd && (!mounted || errno == EXDEV)) {
    proc = context.proc(false);
    if (proc < 0) {
      errno = context.error();
      return false;
    }
    fd.reset(open_own_proc_file(proc, file));
  }
  if (!fd && errno == EACCES && !context.joined) fd.reset(open_own_while_dumpable(proc, file));
  return fd && write_all_at_once(fd.get(), text);
}

}  // namespace

bool run(Context &context, const steps::WriteSelf &step) {
  if (write_own(context, step.file, step.text)) return true;
  return context.fail(errno, "write \"%.64s\" to /proc/self/%s", step.text, step.file);
}

bool run(Context &context, const steps::WriteTimeOffsets &step) {
  if (write_own(context, "timens_offsets", step.text)) return true;
  return context.fail(errno, "write /proc/self/timens_offsets");
}

bool run(Context &context, const steps::WriteSysctl &step) {
  char path[1024];
  int length = snprintf(path, sizeof path, "sys/%s", step.path);
  if (length < 0 || static_cast<size_t>(length) >= sizeof path)
    return context.fail(ENAMETOOLONG, "open sysctl %.256s…", step.path);
  int proc = context.proc(true);
  if (proc < 0) return false;
  UniqueFd fd(open_proc_file(proc, path));
  if (!fd) return context.fail(errno, "open sysctl %s", step.path);
  if (!write_all_at_once(fd.get(), step.value))
    return context.fail(errno, "write \"%.256s\" to sysctl %s", step.value, step.path);
  return true;
}

bool run(Context &context, const steps::SetExecLabel &step) {
  const bool apparmor = strcmp(step.lsm, "apparmor") == 0;
  if (!apparmor && strcmp(step.lsm, "selinux") != 0)
    return context.fail(0, "%s is no security module with labels", step.lsm);
  int proc = context.proc(false);
  if (proc < 0) return false;
  UniqueFd fd;
  // attr/apparmor since Linux 5.8; without it attr/exec is of the one major module.
  if (apparmor) fd.reset(open_own_proc_file(proc, "attr/apparmor/exec"));
  if (!fd && (!apparmor || errno == ENOENT)) fd.reset(open_own_proc_file(proc, "attr/exec"));
  if (!fd) return context.fail(errno, "open the %s label", step.lsm);
  char text[4096];
  int length = snprintf(text, sizeof text, apparmor ? "exec %s" : "%s", step.label);
  if (length < 0 || static_cast<size_t>(length) >= sizeof text)
    return context.fail(ENAMETOOLONG, "set %s label", step.lsm);
  if (!write_all_at_once(fd.get(), text))
    return context.fail(errno, "set %s %s %s", step.lsm, apparmor ? "profile" : "label", step.label);
  return true;
}

}  // namespace init
