// Namespaces: new ones, those that are joined by path, the host's; user mappings; time offsets.

import { readFileSync, readlinkSync } from "node:fs";
import t from "tap";
import { withoutNamespace, withUserNamespace } from "../helpers/config.js";
import { sandbox, until } from "../helpers/sandbox.js";

const own = (type: string) => readlinkSync(`/proc/self/ns/${type}`);
const kinds = [
  ["pid", "pid"],
  ["network", "net"],
  ["ipc", "ipc"],
  ["uts", "uts"],
  ["cgroup", "cgroup"],
] as const;

t.test("every namespace of the config is new", async (t) => {
  const report = sandbox(t).probe();
  for (const [, file] of [...kinds, ["mount", "mnt"] as const]) {
    t.match(report.namespaces[file], /^[a-z]+:\[\d+\]$/);
    t.not(report.namespaces[file], own(file), file);
  }
  t.equal(report.pid, 1);
  t.equal(report.namespaces.user, own("user"), "the user namespace was not asked for");
  t.equal(report.namespaces.time, own("time"));
});

for (const [type, file] of kinds) {
  t.test(`without ${type} the container is in the host's`, async (t) => {
    const report = sandbox(t).probe((config) => {
      withoutNamespace(config, type);
      if (type === "uts") delete config.hostname;
      if (type === "network") config.mounts = config.mounts.filter(({ type }) => type !== "sysfs");
      if (type === "ipc") config.mounts = config.mounts.filter(({ type }) => type !== "mqueue");
    });
    t.equal(report.namespaces[file], own(file));
  });
}

t.test("namespaces of another container are joined by path", async (t) => {
  const box = sandbox(t);
  const other = box.create(
    box.bundle((config) => {
      config.process.args = ["/bin/probe", "pause"];
    }),
  );
  const { pid } = box.state(other.id)!;
  const report = box.probe((config) => {
    config.linux.namespaces = [
      { type: "mount" },
      ...kinds.map(([type, file]) => ({ type, path: `/proc/${pid}/ns/${file}` })),
    ];
    delete config.hostname;
  });
  for (const [, file] of kinds) t.equal(report.namespaces[file], readlinkSync(`/proc/${pid}/ns/${file}`), file);
  t.equal(report.hostname, "runt-test", "the hostname of the other one");
  t.not(report.pid, 1);
});

t.test("a path that is a namespace of another type, or none, is refused", async (t) => {
  const box = sandbox(t);
  const wrong = box.runContainer((config) => {
    config.linux.namespaces = config.linux.namespaces.map((entry) =>
      entry.type === "network" ? { type: "network", path: "/proc/self/ns/uts" } : entry,
    );
  });
  t.equal(wrong.status, 1);
  t.match(wrong.stderr, /namespaces\[1\]/);
  const missing = box.runContainer((config) => {
    config.linux.namespaces = config.linux.namespaces.map((entry) =>
      entry.type === "network" ? { type: "network", path: "/run/no/such/namespace" } : entry,
    );
  });
  t.equal(missing.status, 1);
  t.match(missing.stderr, /\/run\/no\/such\/namespace.*no such file or directory/);
});

t.test("a new user namespace has the mappings of the config", async (t) => {
  const box = sandbox(t);
  const report = box.probe((config) => withUserNamespace(config));
  t.not(report.namespaces.user, own("user"));
  t.match(report.uid_map[0]!.trim().split(/ +/), ["0", "100000", "65536"]);
  t.match(report.gid_map[0]!.trim().split(/ +/), ["0", "100000", "65536"]);
  t.equal(report.uid, 0, "root inside");
  t.equal(report.gid, 0);
});

t.test("several mappings, and a user that is not root", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
    config.linux.namespaces.push({ type: "user" });
    config.linux.uidMappings = [
      { containerID: 0, hostID: 100000, size: 1000 },
      { containerID: 1000, hostID: 200000, size: 10 },
    ];
    config.linux.gidMappings = [
      { containerID: 0, hostID: 100000, size: 1000 },
      { containerID: 1000, hostID: 300000, size: 10 },
    ];
    config.process.user = { uid: 1003, gid: 1004, additionalGids: [5, 1001] };
  });
  const { id, result } = box.create(bundle);
  const started = box.run(["start", id]);
  t.equal(started.status, 0, started.stderr);
  await until("it runs", () => readFileSync(result.files.stdout, "utf8") === "ready\n");
  const status = readFileSync(`/proc/${box.state(id)!.pid}/status`, "utf8");
  t.match(status, /^Uid:\t200003\t200003\t200003\t200003$/m, "seen from the host");
  t.match(status, /^Gid:\t300004\t300004\t300004\t300004$/m);
  t.match(status, /^Groups:\t100005 300001 $/m);
});

t.test("a user namespace is joined by path, with the others that it owns", async (t) => {
  const box = sandbox(t);
  const other = box.create(
    box.bundle((config) => {
      withUserNamespace(config);
      config.process.args = ["/bin/probe", "pause"];
    }),
  );
  const { pid } = box.state(other.id)!;
  const report = box.probe((config) => {
    config.linux.namespaces = [
      { type: "mount" },
      { type: "user", path: `/proc/${pid}/ns/user` },
      { type: "network", path: `/proc/${pid}/ns/net` },
      { type: "uts", path: `/proc/${pid}/ns/uts` },
      { type: "ipc" },
      { type: "pid" },
    ];
    delete config.hostname;
    config.mounts = config.mounts.filter(({ type }) => type !== "cgroup");
  });
  t.equal(report.namespaces.user, readlinkSync(`/proc/${pid}/ns/user`));
  t.equal(report.namespaces.net, readlinkSync(`/proc/${pid}/ns/net`));
  t.match(report.uid_map[0]!.trim().split(/ +/), ["0", "100000", "65536"]);
});

t.test("a time namespace with offsets", async (t) => {
  const box = sandbox(t);
  const plain = box.probe();
  const report = box.probe((config) => {
    config.linux.namespaces.push({ type: "time" });
    config.linux.timeOffsets = { monotonic: { secs: 7200, nanosecs: 0 }, boottime: { secs: 86400, nanosecs: 1 } };
  });
  t.not(report.namespaces.time, own("time"));
  t.ok(Math.abs(report.monotonic - plain.monotonic - 7200) < 60, "two hours later");
  t.ok(Math.abs(report.boottime - plain.boottime - 86400) < 60, "a day later");
});

t.test("hostname and domainname", async (t) => {
  const box = sandbox(t);
  const host = readFileSync("/proc/sys/kernel/hostname", "utf8").trim();
  const report = box.probe((config) => {
    config.hostname = "box.example";
    config.domainname = "example.org";
  });
  t.equal(report.hostname, "box.example");
  t.equal(report.domainname, "example.org");
  t.equal(readFileSync("/proc/sys/kernel/hostname", "utf8").trim(), host, "the host keeps its name");
  const refused = box.runContainer((config) => withoutNamespace(config, "uts"));
  t.equal(refused.status, 1, "a hostname without a uts namespace would change the host's");
  t.match(refused.stderr, /hostname/);
});

t.test("the first process of the container can't be killed from inside, and sees no host process", async (t) => {
  const box = sandbox(t);
  const inside = box.shell("echo $$; ls -d /proc/[0-9]* | wc -l");
  t.equal(inside.split("\n")[0], "1");
  t.ok(Number(inside.split("\n")[1]) <= 4);
});

t.test("network: only the loopback device", async (t) => {
  const box = sandbox(t);
  t.equal(box.shell("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | sort | head -1"), "lo");
});

t.test("sysctl: in a namespace of the container only", async (t) => {
  const box = sandbox(t);
  const before = readFileSync("/proc/sys/kernel/msgmax", "utf8");
  const value = box.shell("cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward", (config) => {
    config.linux.sysctl = { "kernel.msgmax": "9999", "net.ipv4.ip_forward": "1" };
  });
  t.equal(value, "9999\n1");
  t.equal(readFileSync("/proc/sys/kernel/msgmax", "utf8"), before);
  const global = box.runContainer((config) => {
    config.linux.sysctl = { "vm.swappiness": "10" };
  });
  t.equal(global.status, 1);
  t.match(global.stderr, /vm\.swappiness/);
  const hostNetwork = box.runContainer((config) => {
    withoutNamespace(config, "network");
    config.mounts = config.mounts.filter(({ type }) => type !== "sysfs");
    config.linux.sysctl = { "net.ipv4.ip_forward": "1" };
  });
  t.equal(hostNetwork.status, 1, "not in the host's network namespace");
  t.match(hostNetwork.stderr, /net\.ipv4\.ip_forward/);
});
