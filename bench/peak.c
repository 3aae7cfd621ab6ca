// peak FILE COMMAND ...: runs a command and writes the peak of its resident memory, in kB and with
// what it waited for, to FILE. A small static parent: the peak of a process starts with what its
// parent had at fork, so this can't be a script.
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **argument) {
  if (count < 3) return 2;
  pid_t child = fork();
  if (child == 0) {
    execvp(argument[2], argument + 2);
    _exit(127);
  }
  int status;
  struct rusage usage;
  if (wait4(child, &status, 0, &usage) < 0) return 2;
  // RUSAGE_CHILDREN also has the grandchildren that the command waited for.
  struct rusage all;
  getrusage(RUSAGE_CHILDREN, &all);
  FILE *file = fopen(argument[1], "we");
  if (!file) return 2;
  fprintf(file, "%ld\n", all.ru_maxrss);
  fclose(file);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
