// runt-init: runs a program of steps in the place where a container is made, and in the end
// becomes the container's first process. It knows nothing of OCI: native/steps/steps.json says
// all that it can do.
//
// How it is started (native/addon):
//   argv        "runt-init", P
//   0, 1, 2     standard input, output, error of the container
//   3 … 2+P     descriptors that the caller of runt hands to the container; they stay open
//   3+P         the program, a memory file
//   4+P         the channel to the engine, a SOCK_SEQPACKET socket
//   5+P …       the descriptors of slots 0, 1, …; the program says how many there are
//
// `runt-init --check FILE …` only decodes programs, a line for each; it is what the tests feed
// broken programs to.
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel.h"
#include "check.h"
#include "fd.h"
#include "interpreter.h"
#include "syscalls.h"

namespace init {
namespace {

constexpr int kFirstPreserved = 3;
constexpr unsigned kMaxPreserved = 65536;

// Not on the stack: the slots and the text of an error would fill it. Pages that no step touches
// cost nothing.
Context context;

// A number of at most five digits and nothing else.
bool parse_count(const char *text, unsigned &value) {
  value = 0;
  size_t length = strlen(text);
  if (length == 0 || length > 5 || text[strspn(text, "0123456789")] != '\0') return false;
  for (; *text; ++text) value = value * 10 + static_cast<unsigned>(*text - '0');
  return value <= kMaxPreserved;
}

// Whoever called runt may ignore signals (Go programs ignore SIGPIPE) or block them: a container
// must see none of that. Through the system call, as the C library keeps some signals for itself.
void reset_signals() {
  const struct {
    void *handler;
    unsigned long flags;
    void *restorer;
    uint64_t mask;
  } standard = {};
  const uint64_t none = 0;
  for (int number = 1; number <= 64; ++number) syscall(SYS_rt_sigaction, number, &standard, nullptr, sizeof(uint64_t));
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof(uint64_t));
}

bool mark_close_on_exec(int fd) { return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0; }

// Says why no step ran, to the engine when there is a channel.
[[noreturn]] void refuse(const char *why) {
  send_message(context, steps::Message::Failure, 0, why, -1);
  _exit(1);
}

[[noreturn]] void run_from_descriptors(unsigned preserved) {
  const int program_fd = kFirstPreserved + static_cast<int>(preserved);
  const int channel = program_fd + 1, first_slot = program_fd + 2;
  if (!mark_close_on_exec(channel)) _exit(1);
  context.channel = channel;
  if (!mark_close_on_exec(program_fd)) refuse("no program at its descriptor");

  Program program;
  if (const char *why = load_program(program_fd, program)) refuse(why);
  close(program_fd);
  context.make_slots(program.slots);
  for (uint32_t i = 0; i < program.passed; ++i) {
    int fd = first_slot + static_cast<int>(i);
    if (!mark_close_on_exec(fd)) refuse("a slot's descriptor is not open");
    context.slots[i].fd = fd;
  }
  // Whatever else the engine or its caller left open is none of the container's.
  (void)sys_close_range(static_cast<unsigned>(first_slot) + program.passed, ~0u, 0);

  run_program(context, program);
}

}  // namespace
}  // namespace init

int main(int count, char **arguments) {
  if (count >= 2 && strcmp(arguments[1], "--check") == 0) return init::check_files(count - 2, arguments + 2);
  unsigned preserved;
  if (count != 2 || !init::parse_count(arguments[1], preserved)) {
    constexpr char usage[] = "runt-init is started by runt. By hand: runt-init --check FILE …\n";
    (void)!write(2, usage, sizeof usage - 1);
    return 1;
  }
  init::reset_signals();
  prctl(PR_SET_NAME, "runt-init");
  init::run_from_descriptors(preserved);
}
