// Looks at the container from inside. Without arguments: everything a process can inherit, as
// one JSON object. With arguments: does one thing and says how it went (see `commands`).
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void quote(const char *text) {
  putchar('"');
  for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
    if (*c == '"' || *c == '\\')
      printf("\\%c", *c);
    else if (*c < 0x20)
      printf("\\u%04x", *c);
    else
      putchar(*c);
  }
  putchar('"');
}

static void key(const char *name) {
  quote(name);
  fputs(": ", stdout);
}

static void strings(const char *name, char **items) {
  key(name);
  putchar('[');
  for (int i = 0; items[i]; i++) {
    if (i) putchar(',');
    quote(items[i]);
  }
  puts("],");
}

// The lines of a file as an array; an empty one when it can't be read.
static void lines(const char *name, const char *path) {
  key(name);
  putchar('[');
  FILE *file = fopen(path, "re");
  char *line = NULL;
  size_t size = 0;
  bool first = true;
  while (file && getline(&line, &size, file) > 0) {
    line[strcspn(line, "\n")] = 0;
    if (!first) putchar(',');
    quote(line);
    first = false;
  }
  free(line);
  if (file) fclose(file);
  puts("],");
}

static void text(const char *name, const char *path) {
  char buffer[4096];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd < 0 ? -1 : read(fd, buffer, sizeof buffer - 1);
  if (fd >= 0) close(fd);
  buffer[length > 0 ? length : 0] = 0;
  buffer[strcspn(buffer, "\n")] = 0;
  key(name);
  quote(buffer);
  puts(",");
}

// Reports every open descriptor with what it points to. Asked with fcntl first, so that it also
// works where there is no /proc.
static void descriptors(void) {
  key("fds");
  putchar('[');
  bool first = true;
  for (int fd = 0; fd < 4096; fd++) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) continue;
    char path[64], target[4096] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = 0;
    printf("%s{\"fd\": %d, \"nonblock\": %s, \"append\": %s, \"target\": ", first ? "" : ",", fd,
           flags & O_NONBLOCK ? "true" : "false", flags & O_APPEND ? "true" : "false");
    quote(target);
    putchar('}');
    first = false;
  }
  puts("],");
}

static void status(void) {
  key("status");
  putchar('{');
  FILE *file = fopen("/proc/self/status", "re");
  char line[4096];
  bool first = true;
  while (file && fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    char *value = strchr(line, ':');
    if (!value) continue;
    *value++ = 0;
    while (*value == ' ' || *value == '\t') value++;
    size_t end = strlen(value);
    while (end && (value[end - 1] == ' ' || value[end - 1] == '\t')) value[--end] = 0;
    if (!first) putchar(',');
    key(line);
    quote(value);
    first = false;
  }
  if (file) fclose(file);
  puts("},");
}

static void rlimits(void) {
  static const char *const names[] = {"CPU",      "FSIZE",  "DATA",    "STACK", "CORE",  "RSS",
                                      "NPROC",    "NOFILE", "MEMLOCK", "AS",    "LOCKS", "SIGPENDING",
                                      "MSGQUEUE", "NICE",   "RTPRIO",  "RTTIME"};
  key("rlimits");
  putchar('{');
  for (int i = 0; i < 16; i++) {
    struct rlimit limit;
    if (getrlimit(i, &limit) < 0) continue;
    printf("%s\"RLIMIT_%s\": [\"%lld\", \"%lld\"]", i ? "," : "", names[i], (long long)limit.rlim_cur,
           (long long)limit.rlim_max);
  }
  puts("},");
}

// The dispositions as the process has them, not as /proc shows them: works without /proc.
static void signals(void) {
  key("signals");
  putchar('{');
  bool first = true;
  for (int number = 1; number < 65; number++) {
    struct sigaction action;
    if (sigaction(number, NULL, &action) < 0 || action.sa_handler == SIG_DFL) continue;
    printf("%s\"%d\": \"%s\"", first ? "" : ",", number, action.sa_handler == SIG_IGN ? "ignored" : "handled");
    first = false;
  }
  puts("},");
}

static void namespaces(void) {
  static const char *const names[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
  key("namespaces");
  putchar('{');
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    char path[64], target[64] = "";
    snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
    ssize_t length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = 0;
    if (i) putchar(',');
    key(names[i]);
    quote(target);
  }
  puts("},");
}

static void keyring(void) {
  char description[256] = "";
  syscall(SYS_keyctl, 6L /* KEYCTL_DESCRIBE */, -3L /* session keyring */, description, sizeof description, 0L);
  key("keyring");
  quote(description);
  puts(",");
}

static void clocks(void) {
  struct timespec monotonic, boottime;
  clock_gettime(CLOCK_MONOTONIC, &monotonic);
  clock_gettime(CLOCK_BOOTTIME, &boottime);
  printf("\"monotonic\": %lld, \"boottime\": %lld,\n", (long long)monotonic.tv_sec, (long long)boottime.tv_sec);
}

static int report(char **arguments) {
  char host[256] = "", domain[256] = "", cwd[4096] = "";
  gethostname(host, sizeof host);
  getdomainname(domain, sizeof domain);
  mode_t mask = umask(0);
  umask(mask);
  puts("{");
  descriptors();
  signals();
  status();
  rlimits();
  namespaces();
  keyring();
  clocks();
  strings("args", arguments);
  strings("env", environ);
  lines("mounts", "/proc/self/mountinfo");
  lines("cgroup", "/proc/self/cgroup");
  lines("uid_map", "/proc/self/uid_map");
  lines("gid_map", "/proc/self/gid_map");
  text("setgroups", "/proc/self/setgroups");
  text("oom_score_adj", "/proc/self/oom_score_adj");
  key("hostname"), quote(host), puts(",");
  key("domainname"), quote(domain), puts(",");
  key("cwd"), quote(getcwd(cwd, sizeof cwd) ? cwd : ""), puts(",");
  printf("\"pid\": %d, \"ppid\": %d, \"sid\": %d, \"pgid\": %d,\n", getpid(), getppid(), getsid(0), getpgid(0));
  printf("\"uid\": %d, \"gid\": %d, \"umask\": %u,\n", getuid(), getgid(), mask);
  int death = 0, subreaper = 0;
  prctl(PR_GET_PDEATHSIG, &death);
  prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
  printf("\"dumpable\": %d, \"securebits\": %d, \"pdeathsig\": %d, \"personality\": %d,\n", prctl(PR_GET_DUMPABLE),
         prctl(PR_GET_SECUREBITS), death, personality(0xffffffff));
  printf("\"scheduler\": %ld, \"nice\": %d, \"ioprio\": %ld,\n", syscall(SYS_sched_getscheduler, 0),
         getpriority(PRIO_PROCESS, 0), syscall(SYS_ioprio_get, 1, 0));
  printf("\"subreaper\": %d, \"tty\": %s\n}\n", subreaper, isatty(0) ? "true" : "false");
  return 0;
}

static int said(const char *what, long result) {
  if (result < 0)
    printf("%s: %s\n", what, strerror(errno));
  else
    printf("%s: ok\n", what);
  return result < 0;
}

static volatile sig_atomic_t caught;
static void catch_signal(int number) { caught = number; }

// Prints "ready", waits for one signal it handles, prints its number, exits with 40 + number.
static int trap(void) {
  static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT, SIGWINCH, SIGCONT};
  sigset_t mask, old;
  sigfillset(&mask);
  sigprocmask(SIG_SETMASK, &mask, &old);
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) signal(numbers[i], catch_signal);
  puts("ready");
  fflush(stdout);
  sigsuspend(&old);
  printf("caught %d\n", caught);
  return 40 + caught;
}

static int allocate(size_t bytes) {
  char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return said("mmap", -1);
  for (size_t at = 0; at < bytes; at += 4096) memory[at] = 1;
  return said("allocate", 0);
}

// Forks children that wait; says how many there could be.
static int forks(int wanted) {
  int made = 0;
  pid_t children[1024];
  while (made < wanted && made < 1024) {
    pid_t child = fork();
    if (child < 0) break;
    if (child == 0) {
      pause();
      _exit(0);
    }
    children[made++] = child;
  }
  printf("forks: %d\n", made);
  for (int i = 0; i < made; i++) kill(children[i], SIGKILL);
  return 0;
}

// A long-lived tree: the first process waits, each child too. For kill and delete.
_Noreturn static void tree(int wanted) {
  for (int i = 0; i < wanted; i++) {
    if (fork() == 0) {
      setsid();
      for (;;) pause();
    }
  }
  puts("ready");
  fflush(stdout);
  for (;;) pause();
}

static int try_call(const char *name, char **rest) {
  const char *path = rest[0] ? rest[0] : "";
  if (!strcmp(name, "mkdir")) return said(name, mkdir(path, 0755));
  if (!strcmp(name, "write")) {
    int fd = open(path, O_WRONLY | O_APPEND);
    return said(name, fd < 0 ? -1 : write(fd, rest[1], strlen(rest[1])));
  }
  if (!strcmp(name, "capable")) {  // CAP_NET_ADMIN, effective
    static const struct vfs_cap_data data = {VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE, {{1 << CAP_NET_ADMIN, 0}}};
    return said(name, setxattr(path, "security.capability", &data, XATTR_CAPS_SZ_2, 0));
  }
  if (!strcmp(name, "open")) return said(name, open(path, O_RDONLY));
  if (!strcmp(name, "opendir")) return said(name, opendir(path) ? 0 : -1);
  if (!strcmp(name, "create")) return said(name, open(path, O_WRONLY | O_CREAT | O_EXCL, 0644));
  if (!strcmp(name, "mknod"))
    return said(name,
                mknod(path, (rest[1][0] == 'b' ? S_IFBLK : S_IFCHR) | 0600, makedev(atoi(rest[2]), atoi(rest[3]))));
  if (!strcmp(name, "mount")) return said(name, mount("none", path, "tmpfs", 0, ""));
  if (!strcmp(name, "remount-rw")) return said(name, mount("none", path, "", MS_REMOUNT | MS_BIND, ""));
  if (!strcmp(name, "ptrace")) return said(name, ptrace(PTRACE_TRACEME, 0, 0, 0));
  if (!strcmp(name, "getcwd")) return said(name, syscall(SYS_getcwd, (char[4096]){0}, 4096));
  if (!strcmp(name, "setuid")) return said(name, setuid(atoi(path)));
  if (!strcmp(name, "chroot")) return said(name, chroot(path));
  if (!strcmp(name, "personality")) return said(name, personality(strtoul(path, NULL, 0)));
  if (!strcmp(name, "socket")) return said(name, syscall(SYS_socket, atoi(path), 1, 0));
  if (!strcmp(name, "unshare-user")) return said(name, unshare(CLONE_NEWUSER));
  if (!strcmp(name, "write-exe")) return said(name, open("/proc/self/exe", O_WRONLY));
  // Any call by number with up to three numbers: what a filter says of it.
  if (!strcmp(name, "syscall")) {
    unsigned long value[4] = {0};
    for (int i = 0; i < 4 && rest[i]; i++) value[i] = strtoul(rest[i], NULL, 0);
    errno = 0;
    long result = syscall(value[0], value[1], value[2], value[3]);
    printf("syscall: %s\n", result < 0 ? strerror(errno) : "ok");
    return 0;
  }
  fprintf(stderr, "probe: can't try %s\n", name);
  return 2;
}

static int file_status(const char *path) {
  struct stat status;
  if (lstat(path, &status) < 0) {
    printf("{\"path\": \"%s\", \"error\": \"%s\"}\n", path, strerror(errno));
    return 0;
  }
  printf(
      "{\"path\": \"%s\", \"type\": \"%o\", \"mode\": \"%o\", \"uid\": %u, \"gid\": %u, \"major\": %u, \"minor\": "
      "%u}\n",
      path, (status.st_mode & S_IFMT) >> 12, status.st_mode & 07777, status.st_uid, status.st_gid,
      major(status.st_rdev), minor(status.st_rdev));
  return 0;
}

int main(int count, char **argument) {
  const char *command = count > 1 ? argument[1] : "report";
  const char *value = count > 2 ? argument[2] : "0";
  if (!strcmp(command, "report")) return report(argument);
  if (!strcmp(command, "exit")) return atoi(value);
  if (!strcmp(command, "signal")) {
    kill(getpid(), atoi(value));
    signal(atoi(value), SIG_DFL);
    raise(atoi(value));
    pause();
  }
  if (!strcmp(command, "abort")) abort();
  if (!strcmp(command, "child-signal")) {  // init of a pid namespace can't be killed by its own signal
    pid_t child = fork();
    if (child == 0) kill(getpid(), atoi(value)), pause();
    int status;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 1;
  }
  if (!strcmp(command, "sleep")) {
    struct timespec time = {atoi(value), 0};
    nanosleep(&time, NULL);
    return 0;
  }
  if (!strcmp(command, "pause")) {
    puts("ready");
    fflush(stdout);
    for (;;) pause();
  }
  if (!strcmp(command, "trap")) return trap();
  if (!strcmp(command, "allocate")) return allocate(strtoull(value, NULL, 0));
  if (!strcmp(command, "forks")) return forks(atoi(value));
  if (!strcmp(command, "tree")) tree(atoi(value));
  if (!strcmp(command, "stat")) {
    for (int i = 2; i < count; i++) file_status(argument[i]);
    return 0;
  }
  if (!strcmp(command, "try")) return try_call(value, argument + 3);
  // Several tries, separated by "--"; all are made, the status is that of the last.
  if (!strcmp(command, "tries")) {
    int status = 0;
    for (int i = 2; i < count; i++) {
      int start = i;
      while (i < count && strcmp(argument[i], "--")) i++;
      if (i < count) argument[i] = NULL;
      status = try_call(argument[start], argument + start + 1);
    }
    return status;
  }
  fprintf(stderr, "probe: no such command: %s\n", command);
  return 2;
}
