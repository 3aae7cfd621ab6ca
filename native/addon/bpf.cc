// cgroup v2 device rules: a BPF program on the cgroup (v2 has no files for devices).
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "addon.h"
#include "unique_fd.h"

namespace addon {
namespace {

// Every call passes this, zeroed and of its full size. Kernels 6.17 to 7.1 write 8 bytes past a
// shorter one in BPF_PROG_QUERY; and those that know less accept more when it is zero.
union Attributes {
  union bpf_attr attr;
  char whole[256];
  Attributes() { memset(whole, 0, sizeof whole); }
};
static_assert(sizeof(union bpf_attr) <= sizeof(Attributes), "bpf_attr has outgrown its buffer");

constexpr size_t kLogSize = size_t{64} << 10;
constexpr uint32_t kMaxPrograms = 64;  // BPF_CGROUP_MAX_PROGS
constexpr char kLicense[] = "Apache";

// The verifier gives up with EAGAIN when a signal is pending, such as the SIGCHLD of runt-init's
// first process. It is delivered between two tries, so the next one gets further.
constexpr int kTries = 16;

int bpf(enum bpf_cmd command, Attributes &attributes) {
  int result = -1;
  for (int i = 0; i < kTries; ++i) {
    result = static_cast<int>(syscall(SYS_bpf, command, &attributes, sizeof attributes));
    if (result >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  return result;
}

uint64_t address(const void *pointer) { return reinterpret_cast<uintptr_t>(pointer); }

struct Failure {
  int error = 0;
  const char *syscall = "";
  std::string detail;
};

// Before Linux 5.11 programs counted towards RLIMIT_MEMLOCK. It is raised for the call alone, so
// that no container inherits it.
class UnlimitedMemlock {
 public:
  UnlimitedMemlock() {
    const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
    raised_ = getrlimit(RLIMIT_MEMLOCK, &before_) == 0 && setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0;
  }
  ~UnlimitedMemlock() {
    if (raised_) setrlimit(RLIMIT_MEMLOCK, &before_);
  }

 private:
  struct rlimit before_ = {};
  bool raised_ = false;
};

int load(const std::string &instructions, char *log, size_t log_size) {
  Attributes attributes;
  attributes.attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.attr.insns = address(instructions.data());
  attributes.attr.insn_cnt = static_cast<uint32_t>(instructions.size() / sizeof(struct bpf_insn));
  attributes.attr.license = address(kLicense);
  memcpy(attributes.attr.prog_name, "runt_devices", sizeof "runt_devices");
  if (log) {
    attributes.attr.log_level = 1;
    attributes.attr.log_buf = address(log);
    attributes.attr.log_size = static_cast<uint32_t>(log_size);
  }
  return bpf(BPF_PROG_LOAD, attributes);
}

Failure load_program(const std::string &instructions, UniqueFd &program) {
  program.reset(load(instructions, nullptr, 0));
  if (!program.valid() && errno == EPERM) {
    const UnlimitedMemlock raised;
    program.reset(load(instructions, nullptr, 0));
  }
  if (program.valid()) return {};
  const int error = errno;
  // Once more for the verifier's reasons: with a log the kernel is slower.
  std::string log(kLogSize, '\0');
  if (error == EINVAL || error == EACCES) program.reset(load(instructions, &log[0], log.size()));
  log.resize(strlen(log.c_str()));
  while (!log.empty() && log.back() == '\n') log.pop_back();
  return {error, "bpf(BPF_PROG_LOAD)", log};
}

// The device programs on this very cgroup.
Failure attached_programs(int cgroup, std::vector<UniqueFd> &programs) {
  uint32_t ids[kMaxPrograms];
  Attributes query;
  query.attr.query.target_fd = static_cast<uint32_t>(cgroup);
  query.attr.query.attach_type = BPF_CGROUP_DEVICE;
  query.attr.query.prog_ids = address(ids);
  query.attr.query.prog_cnt = kMaxPrograms;
  if (bpf(BPF_PROG_QUERY, query) < 0) return {errno, "bpf(BPF_PROG_QUERY)", ""};
  for (uint32_t i = 0; i < query.attr.query.prog_cnt; i++) {
    Attributes attributes;
    attributes.attr.prog_id = ids[i];
    UniqueFd program(bpf(BPF_PROG_GET_FD_BY_ID, attributes));
    if (program.valid()) {
      programs.push_back(std::move(program));
    } else if (errno != ENOENT) {  // ENOENT: detached since
      return {errno, "bpf(BPF_PROG_GET_FD_BY_ID)", ""};
    }
  }
  return {};
}

int attach(int cgroup, int program, int replaced) {
  Attributes attributes;
  attributes.attr.target_fd = static_cast<uint32_t>(cgroup);
  attributes.attr.attach_bpf_fd = static_cast<uint32_t>(program);
  attributes.attr.attach_type = BPF_CGROUP_DEVICE;
  attributes.attr.attach_flags = BPF_F_ALLOW_MULTI;
  if (replaced >= 0) {
    attributes.attr.attach_flags |= BPF_F_REPLACE;
    attributes.attr.replace_bpf_fd = static_cast<uint32_t>(replaced);
  }
  return bpf(BPF_PROG_ATTACH, attributes);
}

Failure detach(int cgroup, int program) {
  Attributes attributes;
  attributes.attr.target_fd = static_cast<uint32_t>(cgroup);
  attributes.attr.attach_bpf_fd = static_cast<uint32_t>(program);
  attributes.attr.attach_type = BPF_CGROUP_DEVICE;
  if (bpf(BPF_PROG_DETACH, attributes) < 0 && errno != ENOENT) return {errno, "bpf(BPF_PROG_DETACH)", ""};
  return {};
}

// At no moment is the cgroup without rules: the new program comes first, and all that are
// attached must allow an access.
Failure replace(int cgroup, const std::string &instructions) {
  UniqueFd program;
  Failure failure = load_program(instructions, program);
  if (failure.error) return failure;
  std::vector<UniqueFd> old;
  failure = attached_programs(cgroup, old);
  if (failure.error) return failure;
  // Linux 5.6 swaps one for another in one step.
  if (old.size() == 1 && attach(cgroup, program.get(), old[0].get()) == 0) return {};
  if (attach(cgroup, program.get(), -1) < 0) return {errno, "bpf(BPF_PROG_ATTACH)", ""};
  for (const UniqueFd &each : old) {
    failure = detach(cgroup, each.get());
    if (failure.error) return failure;
  }
  return {};
}

Napi::Value replace_device_program(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "replaceDeviceProgram");
  const std::string path = arguments.path(0);
  const std::string instructions = arguments.data(1);
  if (!arguments.ok()) return arguments.refuse();
  if (instructions.empty() || instructions.size() % sizeof(struct bpf_insn) != 0) {
    return fail(info.Env(), EINVAL, "bpf(BPF_PROG_LOAD)", path);
  }
  const UniqueFd cgroup(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!cgroup.valid()) return fail(info.Env(), errno, "open", path);
  const Failure failure = replace(cgroup.get(), instructions);
  if (!failure.error) return info.Env().Undefined();
  return fail(info.Env(), failure.error, failure.syscall, path, failure.detail);
}

}  // namespace

void add_bpf(Napi::Object exports) { add<replace_device_program>(exports, "replaceDeviceProgram"); }

}  // namespace addon
