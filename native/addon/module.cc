// The units of the addon, in reading order. src/host/addon.d.ts is what they add up to.
#include "addon.h"

namespace {

Napi::Object initialize(Napi::Env, Napi::Object exports) {
  addon::add_text(exports);          // error numbers in words
  addon::add_host(exports);          // this process and this machine
  addon::add_descriptors(exports);   // open, close, lock, poll
  addon::add_events(exports);        // waiting for several things at once
  addon::add_reading(exports);       // whole files
  addon::add_writing(exports);       // whole files, and memfds
  addon::add_paths(exports);         // mkdir, unlink, rename, readdir
  addon::add_status(exports);        // stat and its kin
  addon::add_tree(exports);          // removing a tree
  addon::add_processes(exports);     // signals, pidfds, waiting
  addon::add_spawn(exports);         // runt-init is started …
  addon::add_channel(exports);       // … and talked to
  addon::add_start_socket(exports);  // `start` and the sockets of callers
  addon::add_stream(exports);        // … and a stream to one of them
  addon::add_packets(exports);       // packets to and from criu
  addon::add_notify(exports);        // service notification
  addon::add_supervise(exports);     // the foreground: signals, terminal, exit status
  addon::add_terminal(exports);      // the size of our own terminal
  addon::add_seccomp(exports);       // libseccomp
  addon::add_netlink(exports);       // network devices
  addon::add_bpf(exports);           // cgroup v2 device programs
  return exports;
}

}  // namespace

NODE_API_MODULE(runt, initialize)
