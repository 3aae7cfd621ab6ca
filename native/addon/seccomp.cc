// Seccomp profiles → BPF, by libseccomp. Nothing is loaded here: runt-init does that.
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>

#include "addon.h"
#include "memory_file.h"
#include "seccomp_newer.h"
#include "unique_fd.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)  // Linux 5.19
#endif

namespace addon {
namespace {

// Below it a list is as fast as a tree, and libseccomp up to 2.5.4 makes a wrong tree of no rules.
constexpr size_t kTreeFrom = 33;
constexpr unsigned kArguments = 6;

struct Rule {
  std::vector<std::string> names;
  uint32_t action = 0;
  std::vector<struct scmp_arg_cmp> conditions;
};

struct Profile {
  uint32_t default_action = 0;
  std::vector<uint32_t> architectures;
  std::vector<Rule> rules;
  bool refuse_newer = false;
};

struct Failure {
  int error = 0;
  const char *syscall = "";
  std::string subject;
};

Profile read_profile(Arguments &arguments) {
  const Napi::Object object = arguments.object(0);
  Profile profile;
  if (!arguments.ok()) return profile;
  profile.default_action = arguments.number(object.Get("defaultAction"));
  const Napi::Array architectures = arguments.array(object.Get("architectures"));
  for (uint32_t i = 0; i < architectures.Length(); i++) {
    profile.architectures.push_back(arguments.number(architectures.Get(i)));
  }
  const Napi::Array rules = arguments.array(object.Get("rules"));
  for (uint32_t i = 0; i < rules.Length() && arguments.ok(); i++) {
    const Napi::Object given = rules.Get(i).As<Napi::Object>();
    Rule rule;
    rule.action = arguments.number(given.Get("action"));
    const Napi::Array names = arguments.array(given.Get("names"));
    for (uint32_t n = 0; n < names.Length(); n++) rule.names.push_back(arguments.path(names.Get(n)));
    const Napi::Array conditions = arguments.array(given.Get("args"));
    for (uint32_t n = 0; n < conditions.Length(); n++) {
      const Napi::Object condition = conditions.Get(n).As<Napi::Object>();
      rule.conditions.push_back({arguments.number(condition.Get("index")),
                                 static_cast<enum scmp_compare>(arguments.number(condition.Get("op"))),
                                 arguments.wide(condition.Get("value")), arguments.wide(condition.Get("valueTwo"))});
    }
    profile.rules.push_back(std::move(rule));
  }
  profile.refuse_newer = arguments.boolean(object.Get("refuseNewer"));
  return profile;
}

// libseccomp takes one condition for each argument of the system call and joins them with AND.
// Several conditions on one argument are rules of their own, joined with OR: so runc and crun
// read such profiles, and what people wrote relies on it.
bool has_repeated_argument(const std::vector<struct scmp_arg_cmp> &conditions) {
  unsigned seen = 0;
  for (const struct scmp_arg_cmp &condition : conditions) {
    if (condition.arg < kArguments && (seen & 1U << condition.arg)) return true;
    if (condition.arg < kArguments) seen |= 1U << condition.arg;
  }
  return false;
}

int add_rule(scmp_filter_ctx filter, const Rule &rule, int number) {
  if (!has_repeated_argument(rule.conditions)) {
    return seccomp_rule_add_array(filter, rule.action, number, static_cast<unsigned>(rule.conditions.size()),
                                  rule.conditions.data());
  }
  for (const struct scmp_arg_cmp &condition : rule.conditions) {
    if (const int result = seccomp_rule_add_array(filter, rule.action, number, 1, &condition)) return result;
  }
  return 0;
}

Failure add_rules(scmp_filter_ctx filter, const Profile &profile, std::vector<std::string> &unknown) {
  size_t added = 0;
  for (const Rule &rule : profile.rules) {
    // Says nothing new; libseccomp refuses it.
    if (rule.action == profile.default_action) continue;
    for (const std::string &name : rule.names) {
      // Negative numbers are known too: calls that only other architectures have.
      const int number = seccomp_syscall_resolve_name(name.c_str());
      if (number == __NR_SCMP_ERROR) {
        unknown.push_back(name);
        continue;
      }
      if (const int result = add_rule(filter, rule, number)) return {-result, "seccomp_rule_add", name};
      added++;
    }
  }
  // Older libseccomp has no trees: the filter is then as right, only slower.
  if (added >= kTreeFrom) seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
  return {};
}

Failure compile(const Profile &profile, std::vector<std::string> &unknown, UniqueFd &output) {
  const std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter(seccomp_init(profile.default_action), seccomp_release);
  if (!filter) return {EINVAL, "seccomp_init", ""};
  for (const uint32_t architecture : profile.architectures) {
    const int result = seccomp_arch_add(filter.get(), architecture);
    if (result < 0 && result != -EEXIST) return {-result, "seccomp_arch_add", ""};
  }
  // Not libseccomp's business here: it concerns seccomp_load(3) alone, and the plan sets it as asked.
  seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_NNP, 0);
  Failure failure = add_rules(filter.get(), profile, unknown);
  if (failure.error) return failure;
  output = empty_memory_file("seccomp", MemoryFile::Data);
  if (!output.valid()) return {errno, "memfd_create", ""};
  if (const int result = seccomp_export_bpf(filter.get(), output.get())) return {-result, "seccomp_export_bpf", ""};
  return {};
}

std::vector<struct sock_filter> newer_refused(const Profile &profile) {
  if (!profile.refuse_newer) return {};
  std::vector<std::string> names;
  for (const Rule &rule : profile.rules) names.insert(names.end(), rule.names.begin(), rule.names.end());
  return refuse_newer(profile.architectures, names);
}

Napi::Value compile_seccomp(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "compileSeccomp");
  const Profile profile = read_profile(arguments);
  if (!arguments.ok()) return arguments.refuse();
  std::vector<std::string> unknown;
  UniqueFd output;
  const Failure failure = compile(profile, unknown, output);
  if (failure.error) return fail(info.Env(), failure.error, failure.syscall, failure.subject);
  struct stat status;
  if (fstat(output.get(), &status) < 0) return fail(info.Env(), errno, "fstat");
  const size_t size = static_cast<size_t>(status.st_size);
  const std::vector<struct sock_filter> before = newer_refused(profile);
  const size_t start = before.size() * sizeof(struct sock_filter);
  Napi::Uint8Array filter = Napi::Uint8Array::New(info.Env(), start + size);
  if (start > 0) memcpy(filter.Data(), before.data(), start);
  const ssize_t count = TEMP_FAILURE_RETRY(pread(output.get(), filter.Data() + start, size, 0));
  if (count != status.st_size) return fail(info.Env(), count < 0 ? errno : EIO, "pread");
  Napi::Array names = Napi::Array::New(info.Env(), unknown.size());
  for (uint32_t i = 0; i < unknown.size(); i++) names.Set(i, Napi::String::New(info.Env(), unknown[i]));
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("filter", filter);
  result.Set("unknown", names);
  return result;
}

Napi::Value libseccomp_version(const Napi::CallbackInfo &info) {
  const struct scmp_version *version = seccomp_version();
  return Napi::String::New(info.Env(), std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
                                           std::to_string(version->micro));
}

// A filter at address 0 can't be read: EFAULT says that the kernel got past the flags.
Napi::Value flag_available(const Napi::CallbackInfo &info) {
  Arguments arguments(info, "seccompFlagAvailable");
  unsigned flags = arguments.number(0);
  if (!arguments.ok()) return arguments.refuse();
  // Only accepted together with a listener.
  if (flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
  const bool accepted = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, nullptr) < 0 && errno == EFAULT;
  return Napi::Boolean::New(info.Env(), accepted);
}

}  // namespace

void add_seccomp(Napi::Object exports) {
  add<compile_seccomp>(exports, "compileSeccomp");
  add<libseccomp_version>(exports, "libseccompVersion");
  add<flag_available>(exports, "seccompFlagAvailable");
}

}  // namespace addon
