// usage FILE COMMAND ...: runs a command and writes to FILE, as JSON, what it and all that it waited for took: wall
// and processor time in ms, page faults, and the largest resident memory of one process in kB. A small static parent:
// the peak of a process starts with what its parent had at fork, so this can't be a script.
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double milliseconds(struct timeval time) { return time.tv_sec * 1e3 + time.tv_usec / 1e3; }

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

int main(int count, char **argument) {
  if (count < 3) return 2;
  double begun = now();
  // Its pages are few, so that fork is cheap and the same for every command.
  pid_t child = fork();
  if (child == 0) {
    execvp(argument[2], argument + 2);
    _exit(127);
  }
  int status;
  if (waitpid(child, &status, 0) < 0) return 2;
  double wall = now() - begun;
  // RUSAGE_CHILDREN also has the grandchildren that the command waited for.
  struct rusage all;
  getrusage(RUSAGE_CHILDREN, &all);
  FILE *file = fopen(argument[1], "we");
  if (!file) return 2;
  fprintf(file, "{\"wall\":%.3f,\"cpu\":%.3f,\"faults\":%ld,\"peak\":%ld}\n", wall,
          milliseconds(all.ru_utime) + milliseconds(all.ru_stime), all.ru_minflt, all.ru_maxrss);
  fclose(file);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
