/* Runs a command as on a kernel that lacks some system calls:
 *
 *   enosys CALL[:ERRNO][,CALL[:ERRNO]…] COMMAND [ARGUMENT …]
 *
 * A seccomp filter answers ENOSYS (or the errno given, as EPERM) to the calls; it holds for all
 * descendants. With KILL in place of an errno it ends the process that makes the call. As real kernels do not grow
 * calls while they run, nothing can take it back.
 *
 * Exit status 125 when it can't be set up, 127 when the command can't be run. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Since Linux 5.0 new calls have one number on all architectures; headers may be older than this. */
static const struct {
  const char *name;
  unsigned number;
} calls[] = {
    {"open_tree", 428},
    {"move_mount", 429},
    {"fsopen", 430},
    {"fsconfig", 431},
    {"fsmount", 432},
    {"fspick", 433},
    {"pidfd_open", 434},
    {"clone3", 435},
    {"close_range", 436},
    {"openat2", 437},
    {"pidfd_getfd", 438},
    {"faccessat2", 439},
    {"mount_setattr", 442},
    {"fchmodat2", 452},
    {"keyctl", SYS_keyctl},
    {"statx", SYS_statx},
    {"memfd_create", SYS_memfd_create},
    {"execveat", SYS_execveat},
    {"seccomp", SYS_seccomp},
    {"pidfd_send_signal", 424},
    {"copy_file_range", SYS_copy_file_range},
    {"personality", SYS_personality},
};

static const struct {
  const char *name;
  int number;
} errors[] = {{"ENOSYS", ENOSYS}, {"EPERM", EPERM},   {"EACCES", EACCES},
              {"EINVAL", EINVAL}, {"EAGAIN", EAGAIN}, {"EDQUOT", EDQUOT}};

static void refuse(const char *what, const char *which) {
  fprintf(stderr, "enosys: %s: %s\n", what, which);
  exit(125);
}

static unsigned find_call(const char *name) {
  for (size_t i = 0; i < sizeof calls / sizeof *calls; ++i)
    if (strcmp(calls[i].name, name) == 0) return calls[i].number;
  refuse("unknown system call", name);
  return 0;
}

static unsigned find_answer(const char *name) {
  if (strcmp(name, "KILL") == 0) return SECCOMP_RET_KILL_PROCESS;
  for (size_t i = 0; i < sizeof errors / sizeof *errors; ++i)
    if (strcmp(errors[i].name, name) == 0) return SECCOMP_RET_ERRNO | (unsigned)errors[i].number;
  refuse("unknown errno", name);
  return 0;
}

int main(int count, char **arguments) {
  struct sock_filter filter[2 * sizeof calls / sizeof *calls + 2];
  unsigned short length = 0;
  if (count < 3) refuse("usage", "enosys CALL[:ERRNO][,CALL…] COMMAND [ARGUMENT …]");
  /* Calls of other ABIs (x32, 32-bit) have other numbers; nothing under test uses them. */
  filter[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  char *names = strdup(arguments[1]);
  for (char *name = names ? strtok(names, ",") : NULL; name; name = strtok(NULL, ",")) {
    unsigned answer = SECCOMP_RET_ERRNO | ENOSYS;
    char *colon = strchr(name, ':');
    if (colon) {
      *colon = '\0';
      answer = find_answer(colon + 1);
    }
    if ((size_t)length + 3 > sizeof filter / sizeof *filter) refuse("too many calls", arguments[1]);
    filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, find_call(name), 0, 1);
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer);
  }
  filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = {length, filter};
  /* With CAP_SYS_ADMIN the filter needs no no_new_privs, which the command would see. */
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
    /* Without the privilege, or below a filter that denies seccomp(2) itself. */
    if (errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) refuse("no_new_privs", strerror(errno));
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) refuse("seccomp", strerror(errno));
  }
  execvp(arguments[2], arguments + 2);
  fprintf(stderr, "enosys: exec %s: %s\n", arguments[2], strerror(errno));
  return 127;
}
