// A hostile neighbour in a network namespace: sends messages to another process's rtnetlink socket that
// look like the kernel's answers. In: the port of that socket, which the kernel takes from the pid.
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void end(int signal) {
  (void)signal;
  ended = 1;
}

struct device {
  struct nlmsghdr header;
  struct ifinfomsg info;
  struct rtattr name;
  char text[8];
};

int main(int count, char **arguments) {
  if (count != 2) return 2;
  int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  struct sockaddr_nl target = {.nl_family = AF_NETLINK, .nl_pid = (unsigned)atoi(arguments[1])};
  struct device device = {
      .header = {.nlmsg_len = sizeof device, .nlmsg_type = RTM_NEWLINK},
      .info = {.ifi_index = 4711},
      .name = {.rta_len = sizeof device.name + sizeof device.text, .rta_type = IFLA_IFNAME},
      .text = "forged",
  };
  // One whose length is no multiple of four, and an end.
  struct nlmsghdr crooked = {.nlmsg_len = sizeof crooked + 1, .nlmsg_type = RTM_NEWLINK};
  char odd[sizeof crooked + 1] = "";
  memcpy(odd, &crooked, sizeof crooked);
  struct nlmsghdr done = {.nlmsg_len = sizeof done, .nlmsg_type = NLMSG_DONE};
  signal(SIGTERM, end);
  puts("ready");
  fflush(stdout);
  pid_t parent = getppid();
  unsigned long sent = 0;
  while (sent < 50 && !ended && getppid() == parent) {
    if (sendto(fd, &device, sizeof device, MSG_DONTWAIT, (struct sockaddr *)&target, sizeof target) < 0) continue;
    sendto(fd, odd, sizeof odd, MSG_DONTWAIT, (struct sockaddr *)&target, sizeof target);
    sendto(fd, &done, sizeof done, MSG_DONTWAIT, (struct sockaddr *)&target, sizeof target);
    ++sent;
  }
  printf("sent %lu\n", sent);
  return 0;
}
