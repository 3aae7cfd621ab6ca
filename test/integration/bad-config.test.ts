// Bad input: values in config.json that must be refused, each with its place.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { TestConfig } from "../helpers/config.js";
import { edited, refused } from "../helpers/refused.js";
import { sandbox } from "../helpers/sandbox.js";

for (const [name, edit, message] of [
  [
    "huge pages of a size that the machine has not",
    (c) => {
      c.linux.resources.hugepageLimits = [{ pageSize: "3MB", limit: 0 }];
    },
    /hugepageLimits\[0\]: .*no such file or directory \(this machine's huge pages: |controller .*hugetlb.* is not available/,
  ],
  [
    "an ociVersion of another world",
    (c) => {
      c.ociVersion = "7.0.0";
    },
    /ociVersion.*7\.0\.0/,
  ],
  [
    "no process",
    (c) => {
      delete (c as { process?: unknown }).process;
    },
    /process property must not be empty/,
  ],
  [
    "no args",
    (c) => {
      c.process.args = [];
    },
    /args must not be empty/,
  ],
  [
    "an empty cwd",
    (c) => {
      c.process.cwd = "";
    },
    /Cwd property must not be empty/,
  ],
  [
    "a relative cwd",
    (c) => {
      c.process.cwd = "tmp";
    },
    /Cwd must be an absolute path/,
  ],
  [
    "an unknown namespace",
    (c) => {
      c.linux.namespaces.push({ type: "nett" });
    },
    /namespaces\[6\].*nett/,
  ],
  [
    "a misspelt namespace",
    (c) => {
      c.linux.namespaces[1] = { type: "netwrok" };
    },
    /did you mean.*network/i,
  ],
  [
    "a namespace twice",
    (c) => {
      c.linux.namespaces.push({ type: "pid" });
    },
    /namespaces.*pid|duplicate/,
  ],
  [
    "an rlimit twice",
    (c) => {
      c.process.rlimits!.push({ type: "RLIMIT_NOFILE", soft: 1, hard: 2 });
    },
    /rlimits.*RLIMIT_NOFILE|duplicate/,
  ],
  [
    "an unknown rlimit",
    (c) => {
      c.process.rlimits!.push({ type: "RLIMIT_NOFILES", soft: 1, hard: 2 });
    },
    /RLIMIT_NOFILES/,
  ],
  [
    "a soft rlimit above the hard one",
    (c) => {
      c.process.rlimits![0] = { type: "RLIMIT_NOFILE", soft: 9, hard: 2 };
    },
    /rlimits\[0\]/,
  ],
  [
    "an NUL in an argument",
    (c) => {
      c.process.args.push("a\0b");
    },
    /args/,
  ],
  [
    "an environment entry without =",
    (c) => {
      c.process.env!.push("NOVALUE");
    },
    /env/,
  ],
  [
    "a negative uid",
    (c) => {
      c.process.user.uid = -1;
    },
    /uid/,
  ],
  [
    "a uid that is too large",
    (c) => {
      c.process.user.uid = 4294967296;
    },
    /uid/,
  ],
  [
    "an unknown seccomp action",
    (c) => {
      c.linux.seccomp = { defaultAction: "SCMP_ACT_ALOW" };
    },
    /SCMP_ACT_ALOW/,
  ],
  [
    "an unknown propagation",
    (c) => {
      c.linux.rootfsPropagation = "everywhere";
    },
    /everywhere/,
  ],
  [
    "a device of an unknown type",
    (c) => {
      c.linux.devices = [{ path: "/dev/x", type: "z", major: 1, minor: 1 }];
    },
    /devices\[0\]/,
  ],
  [
    "a device with a relative path",
    (c) => {
      c.linux.devices = [{ path: "dev/x", type: "c", major: 1, minor: 1 }];
    },
    /devices\[0\]/,
  ],
  [
    "an id mapping without a user namespace",
    (c) => {
      c.linux.uidMappings = [{ containerID: 0, hostID: 1, size: 1 }];
    },
    /uidMappings|user namespace/i,
  ],
  [
    "a user namespace without mappings",
    (c) => {
      c.linux.namespaces.push({ type: "user" });
    },
    /mapping/i,
  ],
  [
    "a relative hook",
    (c) => {
      c.hooks = { createRuntime: [{ path: "bin/hook" }] };
    },
    /hooks.*createRuntime\[0\]/,
  ],
  [
    "a unified key with a slash",
    (c) => {
      c.linux.resources.unified = { "../memory.max": "1" };
    },
    /unified/,
  ],
] as [string, (config: TestConfig) => void, RegExp][]) {
  t.test(name, async (t) => edited(edit, message)(t));
}

t.test("an id mapping twice", async (t) => {
  edited((config) => {
    config.linux.namespaces.push({ type: "user" });
    config.linux.uidMappings = [
      { containerID: 0, hostID: 100000, size: 10 },
      { containerID: 5, hostID: 200000, size: 10 },
    ];
    config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 10 }];
  }, /uidMappings/)(t);
});

t.test("a number that does not fit", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle();
  const text = readFileSync(join(bundle, "config.json"), "utf8");
  box.configure(bundle, text.replace('"resources": {', '"resources": { "memory": { "limit": 99999999999999999999 },'));
  refused(t, box, bundle, /memory\.limit/);
});

t.test("a 64-bit number above 2^53 is not rounded", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle();
  const text = readFileSync(join(bundle, "config.json"), "utf8");
  box.configure(
    bundle,
    text.replace('"rlimits": [', '"rlimits": [ { "type": "RLIMIT_CORE", "soft": 5, "hard": 9007199254740993 },'),
  );
  const result = box.run(["run", "--bundle", bundle, box.id()]);
  // Taken exactly, or refused in words: never 9007199254740992.
  if (result.status === 0) t.equal(JSON.parse(result.stdout).rlimits.RLIMIT_CORE[1], "9007199254740993");
  else t.match(result.stderr, /rlimits\[0\]\.hard|9007199254740993/);
});
