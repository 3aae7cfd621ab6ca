import t from "tap";
import { dottedKey, sysctlNamespace } from "../../../src/spec/semantics/sysctl.js";
import { checkBad, checkGood, type Loose } from "./documents.js";

/** Adds namespaces to a config. */
const add = (c: Loose, ...types: string[]) => c.linux.namespaces.push(...types.map((type) => ({ type })));
const drop = (c: Loose, type: string) =>
  (c.linux.namespaces = c.linux.namespaces.filter((one: Loose) => one.type !== type));
const MAP = { containerID: 0, hostID: 1000, size: 10 };

t.test("namespaces", async (t) => {
  const hint = (type: string) => `add { "type": "${type}" } to linux.namespaces`;
  await checkBad(t, [
    [(c) => add(c, "uts"), "linux.namespaces[5].type", "expected each type once, but uts is in entry 3 too"],
    [
      (c) => (c.linux.namespaces[1].path = "run/net"),
      "linux.namespaces[1].path",
      'expected an absolute path, found "run/net"',
    ],
    [
      (c) => drop(c, "uts"),
      "hostname",
      'unable to set hostname without a private UTS namespace, found "runt"',
      hint("uts"),
    ],
    [
      (c) => {
        drop(c, "uts");
        delete c.hostname;
        c.domainname = "example.org";
      },
      "domainname",
      'unable to set domainname without a private UTS namespace, found "example.org"',
      hint("uts"),
    ],
    [(c) => (c.hostname = "é".repeat(33)), "hostname", `expected up to 64 bytes, found "${"é".repeat(33)}"`],
    [
      (c) => (c.linux.timeOffsets = { monotonic: { secs: 5 } }),
      "linux.timeOffsets",
      "time namespace offsets specified, but time namespace isn't enabled in the config",
      hint("time"),
    ],
    [
      (c) => {
        c.linux.namespaces.push({ type: "time", path: "/proc/5/ns/time" });
        c.linux.timeOffsets = { monotonic: { secs: 5 } };
      },
      "linux.timeOffsets",
      "expected none: the offsets of /proc/5/ns/time are set already",
    ],
    [
      (c) => {
        add(c, "time");
        c.linux.timeOffsets = { bootime: { secs: 5 } };
      },
      "linux.timeOffsets.bootime",
      'expected a clock that has offsets: "monotonic" or "boottime"',
      'did you mean "boottime"?',
    ],
    [(c) => (c.linux.maskedPaths = ["/a", "b"]), "linux.maskedPaths[1]", 'expected an absolute path, found "b"'],
    [(c) => (c.linux.readonlyPaths = ["b"]), "linux.readonlyPaths[0]", 'expected an absolute path, found "b"'],
  ]);
  await checkGood(t, [
    (c) => (c.linux.namespaces[1].path = ""),
    // In a root of its own all the same.
    (c) => drop(c, "mount"),
    (c) => {
      add(c, "time");
      c.linux.timeOffsets = { monotonic: { secs: -5 }, boottime: { nanosecs: 7 } };
    },
    (c) => {
      drop(c, "uts");
      c.hostname = "";
    },
    (c) => {
      delete c.linux;
      delete c.hostname;
    },
  ]);
});

t.test("id mappings", async (t) => {
  const user =
    (uids: object[], gids: object[] = [MAP]) =>
    (c: Loose) => {
      add(c, "user");
      c.linux.uidMappings = uids;
      c.linux.gidMappings = gids;
    };
  const range = (containerID: number, hostID: number, size: number) => ({ containerID, hostID, size });
  await checkBad(t, [
    [
      (c) => (c.linux.uidMappings = [MAP]),
      "linux.uidMappings",
      "user namespace mappings specified, but user namespace isn't enabled in the config",
      'add { "type": "user" } to linux.namespaces',
    ],
    [user([]), "linux.uidMappings", "a new user namespace needs mappings, or a path to join"],
    [
      user([MAP, range(5, 9000, 1)]),
      "linux.uidMappings[1].containerID",
      "expected a range apart from the others, but it overlaps entry 0, found 5",
    ],
    [
      user([MAP, range(100, 1009, 1)]),
      "linux.uidMappings[1].hostID",
      "expected a range apart from the others, but it overlaps entry 0, found 1009",
    ],
    [
      user([range(5, 9000, 1), MAP]),
      "linux.uidMappings[1].containerID",
      "expected a range apart from the others, but it overlaps entry 0, found 0",
    ],
    [user([range(0, 1, 0)]), "linux.uidMappings[0].size", "expected a range of one id at least, found 0"],
    [
      user([range(4294967290, 0, 10)]),
      "linux.uidMappings[0].containerID",
      "expected a range up to id 4294967294, but 4294967290 and 10 ids go beyond",
    ],
    [
      user(Array.from({ length: 341 }, (_, index) => range(index, index, 1))),
      "linux.uidMappings",
      "expected up to 340 ranges, found 341",
    ],
  ]);
  await checkGood(t, [
    user([range(0, 1000, 1), range(1, 100000, 65536)]),
    user([range(0, 0, 4294967295)]),
    (c) => c.linux.namespaces.push({ type: "user", path: "/proc/1/ns/user" }),
  ]);
});

t.test("devices", async (t) => {
  const device = (more: object) => (c: Loose) =>
    (c.linux.devices = [{ path: "/dev/x", type: "c", major: 1, minor: 3, ...more }]);
  await checkBad(t, [
    [device({ path: "dev/x" }), "linux.devices[0].path", 'expected an absolute path, found "dev/x"'],
    [device({ type: "b", major: undefined }), "linux.devices[0].major", 'a device of type "b" needs a major number'],
    [device({ type: "u", minor: undefined }), "linux.devices[0].minor", 'a device of type "u" needs a minor number'],
    [device({ type: "d" }), "linux.devices[0].type", 'expected one of "c", "b", "u", "p", found "d"'],
    [
      (c) => {
        device({})(c);
        c.linux.devices.push({ ...c.linux.devices[0], minor: 5 });
      },
      "linux.devices[1].path",
      "expected each path once, but /dev/x is in entry 0 too",
    ],
  ]);
  await checkGood(t, [
    device({ type: "p", major: undefined, minor: undefined }),
    device({ fileMode: 438, uid: 0, gid: 5 }),
  ]);
});

t.test("network devices", async (t) => {
  const rule = "expected the name of a network device: 1 to 15 bytes without slash, colon or blank";
  await checkBad(t, [
    [
      (c) => {
        drop(c, "network");
        c.linux.netDevices = { eth0: {} };
      },
      "linux.netDevices",
      "unable to move network devices without a private network namespace",
      'add { "type": "network" } to linux.namespaces',
    ],
    [(c) => (c.linux.netDevices = { "et/h": {} }), 'linux.netDevices["et/h"]', `${rule}, found "et/h"`],
    [
      (c) => (c.linux.netDevices = { eth0: { name: "a-name-of-16-byt" } }),
      "linux.netDevices.eth0.name",
      `${rule}, found "a-name-of-16-byt"`,
    ],
    [(c) => (c.linux.netDevices = { eth0: { name: ".." } }), "linux.netDevices.eth0.name", `${rule}, found ".."`],
    [
      (c) => (c.linux.netDevices = { eth0: { name: "a%s" } }),
      "linux.netDevices.eth0.name",
      'expected a name with at most one %d and no other %, found "a%s"',
    ],
    [
      (c) => (c.linux.netDevices = { eth0: { name: "a" }, eth1: { name: "a" } }),
      "linux.netDevices.eth1",
      "expected each name in the container once, but a is there already",
    ],
  ]);
  await checkGood(t, [(c) => (c.linux.netDevices = { eth0: {}, eth1: { name: "net%d" }, eth2: { name: "net%d" } })]);
});

t.test("sysctl", async (t) => {
  const set = (key: string) => (c: Loose) => (c.linux.sysctl = { [key]: "1" });
  await checkBad(t, [
    [
      set("kernel.panic"),
      'linux.sysctl["kernel.panic"]',
      'sysctl "kernel.panic" is not in a separate kernel namespace',
    ],
    [
      set("vm.swappiness"),
      'linux.sysctl["vm.swappiness"]',
      'sysctl "vm.swappiness" is not in a separate kernel namespace',
    ],
    [
      set("kernel.hostname"),
      'linux.sysctl["kernel.hostname"]',
      'sysctl "kernel.hostname" is not allowed as it conflicts with the OCI "hostname" field',
    ],
    [
      set("user.max_user_namespaces"),
      'linux.sysctl["user.max_user_namespaces"]',
      'sysctl "user.max_user_namespaces" is not allowed in the host\'s user namespace',
      'add { "type": "user" } to linux.namespaces',
    ],
    [
      (c) => {
        drop(c, "network");
        set("net.core.somaxconn")(c);
      },
      'linux.sysctl["net.core.somaxconn"]',
      'sysctl "net.core.somaxconn" is not allowed in the host\'s network namespace',
      'add { "type": "network" } to linux.namespaces',
    ],
    [
      (c) => {
        drop(c, "ipc");
        set("fs/mqueue/msg_max")(c);
      },
      'linux.sysctl["fs/mqueue/msg_max"]',
      'sysctl "fs/mqueue/msg_max" is not allowed in the host\'s ipc namespace',
      'add { "type": "ipc" } to linux.namespaces',
    ],
    [
      (c) => {
        c.domainname = "example.org";
        set("kernel.domainname")(c);
      },
      'linux.sysctl["kernel.domainname"]',
      'sysctl "kernel.domainname" is not allowed to differ from the OCI "domainname" field, found "1"',
    ],
    [set("net/../kernel/panic"), 'linux.sysctl["net/../kernel/panic"]', "expected the name of a kernel parameter"],
    [set("net.ipv4..x"), 'linux.sysctl["net.ipv4..x"]', "expected the name of a kernel parameter"],
    [set("/net/ipv4"), 'linux.sysctl["/net/ipv4"]', "expected the name of a kernel parameter"],
  ]);
  await checkGood(t, [
    set("net.ipv4.ip_forward"),
    set("net/ipv4/conf/eth0.100/rp_filter"),
    set("kernel.shmmax"),
    set("kernel.domainname"),
  ]);
  t.equal(dottedKey("net/ipv4/conf/eth0.100/rp_filter"), "net.ipv4.conf.eth0/100.rp_filter");
  t.equal(dottedKey("net.ipv4.conf.eth0/100.rp_filter"), "net.ipv4.conf.eth0/100.rp_filter");
  t.equal(sysctlNamespace("kernel/sem"), "ipc");
});
