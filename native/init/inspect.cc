#include "inspect.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fd.h"
#include "inspect_access.h"

namespace init {
namespace {

constexpr size_t kHeadSize = 256;  // BINPRM_BUF_SIZE: what the kernel itself looks at
constexpr unsigned kMaxSegments = 128;
constexpr unsigned kMaxScripts = 5;  // the kernel follows no more interpreters that are scripts
constexpr char kByteOrderMark[] = "\xef\xbb\xbf#!";

#if defined(__x86_64__)
constexpr unsigned kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr unsigned kMachine = EM_RISCV;
#else
#error "which e_machine does this architecture have?"
#endif

const char *machine_name(unsigned machine) {
  switch (machine) {
    case EM_386:
      return "i386";
    case EM_X86_64:
      return "x86_64";
    case EM_ARM:
      return "arm";
    case EM_AARCH64:
      return "aarch64";
    case EM_RISCV:
      return "riscv";
    case EM_PPC64:
      return "ppc64";
    case EM_S390:
      return "s390";
    case EM_MIPS:
      return "mips";
    case 258:
      return "loongarch";
    default:
      return "another machine";
  }
}

// Reads up to `size` bytes; how many there were.
size_t read_at(int fd, void *buffer, size_t size, uint64_t offset) {
  ssize_t got = retry([&] { return pread(fd, buffer, size, static_cast<off_t>(offset)); });
  return got < 0 ? 0 : static_cast<size_t>(got);
}

bool is_missing(const char *path) {
  struct stat status;
  return stat(path, &status) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

bool on_noexec_mount(const char *path) {
  struct statvfs status;
  return statvfs(path, &status) == 0 && (status.f_flag & ST_NOEXEC);
}

// The interpreter of a #! line: up to the first blank. False when there is none.
bool shebang_interpreter(const char *head, size_t size, char *path) {
  const char *end = static_cast<const char *>(memchr(head, '\n', size));
  if (!end) end = head + size;
  const char *at = head + 2;
  while (at < end && (*at == ' ' || *at == '\t')) ++at;
  size_t length = 0;
  while (at < end && *at != ' ' && *at != '\t' && *at != '\0') path[length++] = *at++;
  path[length] = '\0';
  return length > 0;
}

bool inspect(const char *path, int error, unsigned depth, char *hint, size_t size);

bool inspect_script(const char *head, size_t size, int error, unsigned depth, char *hint, size_t room) {
  char path[kHeadSize + 1];
  if (!shebang_interpreter(head, size, path)) {
    snprintf(hint, room, "its #! line names no interpreter");
    return true;
  }
  size_t length = strlen(path);
  if (error == ENOENT && path[length - 1] == '\r') {
    path[length - 1] = '\0';
    snprintf(hint, room,
             "its #! line ends in CR LF, so that the interpreter is \"%s\\r\": save the script with Unix line ends",
             path);
    return true;
  }
  if (error == ENOENT && is_missing(path)) {
    snprintf(hint, room, "the interpreter %s of its #! line does not exist", path);
    return true;
  }
  if (error == EACCES && on_noexec_mount(path)) {
    snprintf(hint, room, "the interpreter %s of its #! line is on a mount with noexec", path);
    return true;
  }
  // The interpreter is there. Then it is what can't be executed.
  char inner[256];
  if (depth < kMaxScripts && inspect(path, error, depth + 1, inner, sizeof inner)) {
    snprintf(hint, room, "the interpreter %s of its #! line: %s", path, inner);
    return true;
  }
  if (error != EACCES && error != ENOEXEC) return false;
  snprintf(hint, room, "the interpreter %s of its #! line %s", path,
           error == EACCES ? "may not be executed" : "is no program for this machine");
  return true;
}

// The loader that a dynamically linked program names (PT_INTERP). Empty when there is none.
template <typename Header, typename Segment>
void elf_interpreter(int fd, const Header &header, char *path, size_t room) {
  path[0] = '\0';
  if (header.e_phentsize != sizeof(Segment)) return;
  for (unsigned i = 0; i < header.e_phnum && i < kMaxSegments; ++i) {
    Segment segment;
    if (read_at(fd, &segment, sizeof segment, header.e_phoff + i * sizeof segment) != sizeof segment) return;
    if (segment.p_type != PT_INTERP) continue;
    size_t size = segment.p_filesz < room - 1 ? static_cast<size_t>(segment.p_filesz) : room - 1;
    path[read_at(fd, path, size, segment.p_offset)] = '\0';
    return;
  }
}

bool inspect_elf(int fd, const unsigned char *head, size_t size, int error, char *hint, size_t room) {
  Elf64_Ehdr wide = {};
  Elf32_Ehdr narrow = {};
  const bool is_wide = head[EI_CLASS] == ELFCLASS64;
  if (size < (is_wide ? sizeof wide : sizeof narrow)) {
    snprintf(hint, room, "an ELF file that is cut off");
    return true;
  }
  memcpy(&wide, head, sizeof wide < size ? sizeof wide : size);
  memcpy(&narrow, head, sizeof narrow);
  // e_type and e_machine lie at the same place in both classes.
  if (head[EI_DATA] == ELFDATA2MSB || wide.e_machine != kMachine || !is_wide) {
    // 32-bit programs run where the kernel has the older instruction set built in.
    if (error != ENOEXEC && error != ENOENT) return false;
    if (error == ENOEXEC) {
      unsigned machine =
          head[EI_DATA] == ELFDATA2MSB ? static_cast<unsigned>(head[18] << 8 | head[19]) : wide.e_machine;
      snprintf(hint, room, "built for %s (%s-bit), this machine is %s (64-bit)", machine_name(machine),
               is_wide ? "64" : "32", machine_name(kMachine));
      return true;
    }
  }
  char loader[256];
  if (is_wide) {
    elf_interpreter<Elf64_Ehdr, Elf64_Phdr>(fd, wide, loader, sizeof loader);
  } else {
    elf_interpreter<Elf32_Ehdr, Elf32_Phdr>(fd, narrow, loader, sizeof loader);
  }
  if (error == ENOENT && loader[0] && is_missing(loader)) {
    snprintf(hint, room, "a dynamically linked program, and its loader %s does not exist", loader);
    return true;
  }
  if (error == EACCES && loader[0] && on_noexec_mount(loader)) {
    snprintf(hint, room, "its loader %s is on a mount with noexec", loader);
    return true;
  }
  if (error == ENOEXEC && wide.e_type != ET_EXEC && wide.e_type != ET_DYN) {
    snprintf(hint, room, "an ELF file, but no program");
    return true;
  }
  return false;
}

// execve(2) refuses a program with capabilities of its own that the process may not get (capabilities(7), "Safety
// checking for capability-dumb binaries").
bool inspect_file_capabilities(const char *path, char *hint, size_t size) {
  if (getxattr(path, "security.capability", nullptr, 0) <= 0) return false;
  snprintf(hint, size, "the file has capabilities (getcap) that process.capabilities.bounding lacks");
  return true;
}

bool inspect(const char *path, int error, unsigned depth, char *hint, size_t size) {
  if (error == EPERM) return inspect_file_capabilities(path, hint, size);
  if (error == ELOOP) {
    snprintf(hint, size, "its #! line leads to another script, and so on, more than %u times", kMaxScripts);
    return true;
  }
  if (error == EACCES && on_noexec_mount(path)) {
    snprintf(hint, size, "it is on a mount with noexec");
    return true;
  }
  if (error == EACCES && inspect_mode(path, hint, size)) return true;
  if (error != ENOENT && error != EACCES && error != ENOEXEC) return false;
  // O_NONBLOCK: it may be a FIFO by now. Unreadable files are executed all the same, but not inspected.
  UniqueFd fd(retry([&] { return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); }));
  if (!fd) return false;
  unsigned char head[kHeadSize] = {};
  size_t length = read_at(fd.get(), head, sizeof head, 0);
  if (length >= 2 && head[0] == '#' && head[1] == '!') {
    return inspect_script(reinterpret_cast<const char *>(head), length, error, depth, hint, size);
  }
  if (length >= EI_NIDENT && memcmp(head, ELFMAG, SELFMAG) == 0)
    return inspect_elf(fd.get(), head, length, error, hint, size);
  if (error != ENOEXEC) return false;
  if (length >= sizeof kByteOrderMark - 1 && memcmp(head, kByteOrderMark, sizeof kByteOrderMark - 1) == 0) {
    snprintf(hint, size, "a byte order mark stands before its #! line: save the script as UTF-8 without one");
    return true;
  }
  snprintf(hint, size, length == 0 ? "the file is empty" : "not an executable: no #! line and no ELF header");
  return true;
}

}  // namespace

bool inspect_program(const char *path, int error, char *hint, size_t size) {
  return inspect(path, error, 1, hint, size);
}

}  // namespace init
