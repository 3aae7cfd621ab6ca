// Configs as container engines write them: nulls of Go, 64-bit limits, -1 for "no limit".

import t from "tap";
import { outcomeOf } from "./documents.js";

const dockerLike = `{
  "ociVersion": "1.2.0",
  "process": {
    "terminal": true, "consoleSize": {"height": 40, "width": 120},
    "user": {"uid": 0, "gid": 0, "additionalGids": [0, 10]},
    "args": ["/bin/sh"], "env": ["PATH=/bin", "TERM=xterm", "EMPTY="], "cwd": "/",
    "capabilities": {"bounding": ["CAP_CHOWN", "CAP_NOT_YET"], "effective": ["CAP_CHOWN"], "inheritable": null, "permitted": ["CAP_CHOWN"], "ambient": null},
    "rlimits": [
      {"type": "RLIMIT_CORE", "hard": 18446744073709551615, "soft": 18446744073709551615},
      {"type": "RLIMIT_NOFILE", "hard": 1048576, "soft": 1024}
    ],
    "apparmorProfile": "docker-default", "oomScoreAdj": 0, "selinuxLabel": ""
  },
  "root": {"path": "/var/lib/engine/overlay2/0123456789012345678901234567890123456789/merged"},
  "hostname": "4e5f66778899",
  "mounts": [
    {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/dev/shm", "type": "bind", "source": "/var/lib/engine/shm", "options": ["rbind", "rprivate"]},
    {"destination": "/etc/hosts", "source": "/var/lib/engine/hosts", "options": ["rbind", "rprivate"], "uidMappings": null}
  ],
  "hooks": {"prestart": [{"path": "/proc/4711/exe", "args": ["libnetwork-setkey", "-exec-root=/var/run/docker"], "env": null, "timeout": null}]},
  "annotations": null,
  "linux": {
    "sysctl": {"net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 2147483647"},
    "resources": {
      "devices": [
        {"allow": false, "access": "rwm"},
        {"allow": true, "type": "c", "major": 1, "minor": 5, "access": "rwm"},
        {"allow": true, "type": "c", "major": 136, "minor": -1, "access": "rwm"},
        {"allow": false, "type": "c", "major": 10, "minor": 229, "access": "rwm"}
      ],
      "memory": {"limit": 268435456, "reservation": -1, "swap": -1, "swappiness": 18446744073709551615, "disableOOMKiller": false},
      "cpu": {"shares": 0, "quota": -1, "period": 0, "realtimeRuntime": null, "cpus": "0-1", "mems": ""},
      "pids": {"limit": -1},
      "blockIO": {"weight": 0, "weightDevice": null, "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 18446744073709551615}]},
      "hugepageLimits": [{"pageSize": "2MB", "limit": 9223372036854771712}]
    },
    "cgroupsPath": "system.slice:docker:4e5f66778899",
    "namespaces": [{"type": "mount"}, {"type": "network", "path": ""}, {"type": "uts"}, {"type": "pid"}, {"type": "ipc"}, {"type": "cgroup"}],
    "devices": [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 8630, "uid": 0, "gid": 0}],
    "seccomp": {
      "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
      "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
      "syscalls": [
        {"names": ["accept", "execve", "read"], "action": "SCMP_ACT_ALLOW", "args": null},
        {"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 4294967295, "op": "SCMP_CMP_EQ"}]},
        {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]},
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}
      ]
    },
    "rootfsPropagation": "rprivate",
    "maskedPaths": ["/proc/asound", "/proc/kcore"],
    "readonlyPaths": ["/proc/bus"],
    "intelRdt": null
  }
}`;

t.test("a config of a Docker-like engine is good", async (t) => {
  const { document, message, warnings } = await outcomeOf(dockerLike);
  t.equal(message, "");
  t.strictSame(warnings, []);
  t.equal(document.process.rlimits[0].hard, 18446744073709551615n);
  t.equal(document.process.rlimits[1].hard, 1048576);
  t.equal(document.linux.resources.memory.swap, -1);
  t.equal(document.linux.resources.blockIO.throttleReadBpsDevice[0].rate, 18446744073709551615n);
  t.equal(document.linux.resources.hugepageLimits[0].limit, 9223372036854771712n);
  t.notOk("swappiness" in document.linux.resources.memory, "-1 written as an unsigned number is: not set");
  t.notOk("ambient" in document.process.capabilities);
});

const podmanLike = `{
  "ociVersion": "1.0.2-dev",
  "process": {
    "user": {"uid": 1000, "gid": 1000, "umask": 18, "additionalGids": [1000]},
    "args": ["sleep", "1000"], "env": ["container=podman", "HOME=/root"], "cwd": "/",
    "rlimits": [{"type": "RLIMIT_NPROC", "hard": 4194304, "soft": 4194304}],
    "oomScoreAdj": 200
  },
  "root": {"path": "/home/u/.local/share/containers/storage/overlay/abc/merged"},
  "hostname": "box",
  "mounts": [
    {"destination": "/sys", "type": "bind", "source": "/sys", "options": ["rprivate", "nosuid", "noexec", "nodev", "ro", "rbind"]},
    {"destination": "/data", "type": "bind", "source": "data", "options": ["bind", "idmap"],
     "uidMappings": [{"containerID": 0, "hostID": 1, "size": 10}], "gidMappings": [{"containerID": 0, "hostID": 1, "size": 10}]}
  ],
  "annotations": {"io.container.manager": "libpod", "org.opencontainers.image.stopSignal": "15", "empty": ""},
  "linux": {
    "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}, {"containerID": 1, "hostID": 100000, "size": 65536}],
    "gidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}, {"containerID": 1, "hostID": 100000, "size": 65536}],
    "cgroupsPath": "user.slice:libpod:abc",
    "resources": {"pids": {"limit": 2048}, "unified": {"memory.high": "1000000"}},
    "namespaces": [{"type": "user"}, {"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}, {"type": "network", "path": "/run/user/1000/netns/x"}]
  }
}`;

t.test("a config of a Podman-like engine is good", async (t) => {
  const { message, warnings } = await outcomeOf(podmanLike);
  t.equal(message, "");
  t.strictSame(warnings, []);
});
