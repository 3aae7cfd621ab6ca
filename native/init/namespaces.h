// The kinds of namespaces: their flags, how errors name them, and their files in /proc/PID/ns.
#pragma once
#include <sched.h>
#include <stdint.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace init {

struct NamespaceKind {
  uint32_t flag;
  const char *name;
  const char *file;
};

// The user namespace is first: it gives the right to join the others that it owns.
constexpr NamespaceKind kNamespaces[] = {
    {CLONE_NEWUSER, "user", "ns/user"},       {CLONE_NEWNS, "mount", "ns/mnt"},   {CLONE_NEWPID, "pid", "ns/pid"},
    {CLONE_NEWNET, "network", "ns/net"},      {CLONE_NEWIPC, "ipc", "ns/ipc"},    {CLONE_NEWUTS, "uts", "ns/uts"},
    {CLONE_NEWCGROUP, "cgroup", "ns/cgroup"}, {CLONE_NEWTIME, "time", "ns/time"},
};

constexpr unsigned kNamespaceCount = sizeof kNamespaces / sizeof kNamespaces[0];

// "network" of CLONE_NEWNET; "unknown" of a flag that is none of the above.
inline const char *namespace_name(uint32_t flag) {
  for (const NamespaceKind &kind : kNamespaces) {
    if (kind.flag == flag) return kind.name;
  }
  return "unknown";
}

}  // namespace init
