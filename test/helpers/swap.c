// swap A B: exchanges two names until it is killed. The attacker of race.test.ts.
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **argument) {
  if (count != 3) return 2;
  puts("ready");
  fflush(stdout);
  const unsigned exchange = 2;  // RENAME_EXCHANGE, Linux 3.15
  for (;;) {
    if (syscall(SYS_renameat2, AT_FDCWD, argument[1], AT_FDCWD, argument[2], exchange) < 0) return 1;
  }
}
