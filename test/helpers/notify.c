// A service inside a container that talks to $NOTIFY_SOCKET (sd_notify(3)):
//
//   notify LINE…      one message of these lines
//   notify --barrier  BARRIER=1 with a pipe; says how long it took until the other side let go
//   notify --flood    WATCHDOG=1 without end
//   notify --file     READY=1 with an open file, as for the manager's store
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int send_text(const char *text, int fd) {
  const char *path = getenv("NOTIFY_SOCKET");
  if (!path) return puts("no NOTIFY_SOCKET"), 3;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  struct iovec vector = {(void *)text, strlen(text)};
  char control[CMSG_SPACE(sizeof fd)] = {0};
  struct msghdr message = {.msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &vector, .msg_iovlen = 1};
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  int sender = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (sendmsg(sender, &message, MSG_NOSIGNAL) >= 0) return 0;
  printf("%s: %s\n", path, strerror(errno));
  return 1;
}

static int barrier(void) {
  int ends[2];
  if (pipe(ends) != 0 || send_text("BARRIER=1", ends[1]) != 0) return 1;
  close(ends[1]);
  struct timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  struct pollfd polled = {ends[0], POLLIN, 0};
  int result = poll(&polled, 1, 20000);
  clock_gettime(CLOCK_MONOTONIC, &after);
  long took = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
  printf("barrier %s after %ld ms\n", result > 0 ? "fell" : "stands", took);
  return 0;
}

int main(int count, char **argument) {
  if (count > 1 && !strcmp(argument[1], "--barrier")) return barrier();
  if (count > 1 && !strcmp(argument[1], "--file")) return send_text("READY=1\nFDSTORE=1", open("/", O_RDONLY));
  if (count > 1 && !strcmp(argument[1], "--flood")) {
    while (send_text("WATCHDOG=1", -1) == 0) continue;
    return 1;
  }
  char text[8192] = "";
  for (int i = 1; i < count; i++) {
    if (i > 1) strncat(text, "\n", sizeof text - strlen(text) - 1);
    strncat(text, argument[i], sizeof text - strlen(text) - 1);
  }
  return send_text(text, -1);
}
