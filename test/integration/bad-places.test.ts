// Bad input: places that can't be mounted, entered or reached. The error says what is in the way, and where.

import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { TestConfig } from "../helpers/config.js";
import { edited } from "../helpers/refused.js";

const tmpfs = (destination: string, ...options: string[]) => ({ destination, type: "tmpfs", source: "tmpfs", options });

/** A bind mount of a directory of the bundle at /data. */
function bindData(config: TestConfig, bundle: string, ...options: string[]): void {
  mkdirSync(join(bundle, "data"));
  config.mounts.push({ destination: "/data", type: "bind", source: "data", options: ["bind", ...options] });
}

function inUserNamespace(config: TestConfig): void {
  config.linux.namespaces.push({ type: "user" });
  config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
}

for (const [name, edit, message] of [
  [
    "a cwd that is a file",
    (config) => {
      config.process.cwd = "/bin/sh";
    },
    /process\.cwd \(\/bin\/sh\): .*: not a directory \(it, or a part of the path, is a file in the image\)/,
  ],
  [
    "a cwd to be made in a read-only bind mount",
    (config, bundle) => {
      bindData(config, bundle, "ro");
      config.process.cwd = "/data/x";
    },
    /process\.cwd \(\/data\/x\): .*: read-only file system \(what lies there is read-only: make it in the image, or in/,
  ],
  [
    "a mount point to be made in a read-only bind mount",
    (config, bundle) => {
      bindData(config, bundle, "ro");
      config.mounts.push(tmpfs("/data/below"));
    },
    /mount point \/data\/below, which does not exist: read-only file system \(what lies there is read-only/,
  ],
  [
    "an option with a value that no file system knows",
    (config) => config.mounts.push(tmpfs("/data", "sise=5m")),
    /mount tmpfs: sise=5m: Unknown parameter 'sise': invalid argument \(it is neither a mount option, which/,
  ],
  [
    "a value that the file system does not take",
    (config) => config.mounts.push(tmpfs("/data", "size=5mb")),
    /mount tmpfs: size=5mb: Bad value for 'size': invalid argument"/,
  ],
  [
    "a password stays out of the message",
    (config) => config.mounts.push(tmpfs("/data", "password=hunter2")),
    /mount tmpfs: password=…: Unknown parameter 'password'/,
  ],
  [
    "an option that names a path",
    (config) =>
      config.mounts.push({ destination: "/data", type: "overlay", source: "x", options: ["lowerdir=/no/such/layer"] }),
    /mount overlay: .*\/no\/such\/layer/,
  ],
  [
    "a bundle that the container's user may not enter",
    (config, bundle) => {
      inUserNamespace(config);
      chmodSync(bundle, 0o700);
    },
    /root\.path .*: permission denied \(the container's root is another user on the host, and \S+ with mode 0700 lets no/,
  ],
  [
    "a root filesystem that the container's user may not enter",
    (config, bundle) => {
      inUserNamespace(config);
      chmodSync(join(bundle, "rootfs"), 0o700);
    },
    /permission denied \(in a user namespace the container's root is another user on the host: the root filesystem's/,
  ],
  [
    "more open files than anybody gets",
    (config) => {
      config.process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 10, hard: 4_000_000_000 }];
    },
    /process\.rlimits\[0\] \(RLIMIT_NOFILE\): .*operation not permitted \(fs\.nr_open of this machine is \d+/,
  ],
] as [string, (config: TestConfig, bundle: string) => void, RegExp][]) {
  t.test(name, async (t) => edited(edit, message)(t));
}
