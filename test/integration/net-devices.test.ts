// linux.netDevices: config-linux.md, "Network Devices". Devices of a network namespace that each test makes are
// moved into containers: veth pairs, which stay whole wherever their ends are, so that a test also sees what came
// back.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { type TestConfig, withoutNamespace, withUserNamespace } from "../helpers/config.js";
import { type Result, type Sandbox, sandbox } from "../helpers/sandbox.js";

const noVeth =
  spawnSync("unshare", ["-n", "ip", "link", "add", "type", "veth"]).status === 0
    ? false
    : "no veth devices here (or no ip)";

/** What `ip` says inside: busybox's own. */
const LOOK = "ip -o addr; ip -o link";

/**
 * Runs a container where the host's devices are v0 (as `prepare` makes it) and its other end v1.
 * Out: what it printed, and what the host had afterwards (and what `after` says there).
 */
function run(
  box: Sandbox,
  edit: (config: TestConfig, bundle: string) => void,
  prepare = "ip addr add 192.0.2.1/24 dev v0; ip addr add 2001:db8::1/64 dev v0 nodad; ip link set v0 mtu 1400",
  after = "",
): Result & { host: string } {
  const host = join(box.dir, `host-${box.ids.length}`);
  const script = `ip link add v0 type veth peer name v1; ${prepare}; "$@"; status=$?; { ip -o link; ip -o addr; ${after} } >${host}; exit $status`;
  const result = box.runContainer(
    (config, bundle) => {
      config.process.args = ["/bin/sh", "-c", LOOK];
      edit(config, bundle);
    },
    { via: ["unshare", "-n", "sh", "-c", script, "sh"] },
  );
  return { ...result, host: readFileSync(host, "utf8") };
}

const devices = (value: object) => (config: TestConfig) => {
  config.linux.netDevices = value;
};

t.test(
  "a device is moved: its addresses, MTU and hardware address are kept, and it is up",
  { skip: noVeth },
  async (t) => {
    const box = sandbox(t);
    const prepare =
      "ip link set v0 address 02:00:00:00:00:07; ip addr add 192.0.2.1/24 dev v0; ip addr add 192.0.2.9/24 dev v0; " +
      "ip addr add 198.51.100.1 peer 198.51.100.2/32 dev v0 label v0:p; ip addr add 2001:db8::1/64 dev v0 nodad; " +
      "ip addr add 192.0.2.66/24 dev v0 valid_lft 1000 preferred_lft 1000; ip addr add 169.254.7.7/16 scope link dev v0; " +
      "ip link set v0 mtu 1400; ip link set v1 up";
    const { status, stdout, stderr, host } = run(box, devices({ v0: {} }), prepare);
    t.equal(status, 0, stderr);
    t.match(stdout, /v0@.*<.*UP.*> mtu 1400/);
    t.match(stdout, /02:00:00:00:00:07/);
    t.match(stdout, /inet 192\.0\.2\.1\/24 .*scope global v0\W/);
    t.match(stdout, /inet 192\.0\.2\.9\/24 .*scope global secondary v0\W/);
    t.match(stdout, /inet 198\.51\.100\.1 peer 198\.51\.100\.2\/32 scope global v0:p/);
    t.match(stdout, /inet6 2001:db8::1\/64 scope global/);
    t.notMatch(stdout, /192\.0\.2\.66/, "an address that ends is not permanent");
    t.notMatch(stdout, /169\.254/, "an address of the link is not global");
    t.notMatch(host, / v0[@:]/, "it is in one namespace only");
  },
);

t.test("renamed, with labels", { skip: noVeth }, async (t) => {
  const prepare = "ip addr add 192.0.2.1/24 dev v0 label v0:x; ip link set v0 up";
  const { status, stdout, stderr } = run(sandbox(t), devices({ v0: { name: "eth0" } }), prepare);
  t.equal(status, 0, stderr);
  t.match(stdout, / eth0@.*<.*UP/);
  t.match(stdout, /inet 192\.0\.2\.1\/24 .*eth0:x/);
  t.notMatch(stdout, / v0[@:]/);
});

t.test("%d in the name becomes a number", { skip: noVeth }, async (t) => {
  const { status, stdout, stderr } = run(sandbox(t), devices({ v0: { name: "net%d" }, v1: { name: "net%d" } }));
  t.equal(status, 0, stderr);
  t.match(stdout, / net0@/);
  t.match(stdout, / net1@/);
  t.match(stdout, /192\.0\.2\.1/);
});

t.test("into a user namespace, and into a network namespace that is joined", { skip: noVeth }, async (t) => {
  const box = sandbox(t);
  const inUser = run(box, (config) => {
    withUserNamespace(config);
    devices({ v0: { name: "eth0" } })(config);
  });
  t.equal(inUser.status, 0, inUser.stderr);
  t.match(inUser.stdout, /inet 192\.0\.2\.1\/24/);
  const keeper = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
  });
  const { id } = box.create(keeper);
  const { pid } = box.state(id)!;
  const joined = run(box, (config) => {
    withoutNamespace(config, "network");
    config.linux.namespaces.push({ type: "network", path: `/proc/${pid}/ns/net` });
    devices({ v0: { name: "eth0" } })(config);
  });
  t.equal(joined.status, 0, joined.stderr);
  t.match(joined.stdout, /inet 192\.0\.2\.1\/24/);
  const taken = spawnSync("nsenter", [
    "-n",
    "-t",
    String(pid),
    "ip",
    "link",
    "add",
    "taken0",
    "type",
    "veth",
    "peer",
    "x0",
  ]);
  t.equal(taken.status, 0, taken.stderr.toString());
  const again = run(box, (config) => {
    withoutNamespace(config, "network");
    config.linux.namespaces.push({ type: "network", path: `/proc/${pid}/ns/net` });
    devices({ v0: { name: "taken0" } })(config);
  });
  t.equal(again.status, 1);
  t.match(again.stderr, /linux\.netDevices\.v0: the container's network namespace has a device taken0 already/);
  t.match(again.host, / v0@/, "it has not moved");
  const numbered = run(box, (config) => {
    withoutNamespace(config, "network");
    config.linux.namespaces.push({ type: "network", path: `/proc/${pid}/ns/net` });
    devices({ v0: { name: "taken%d" } })(config);
  });
  t.equal(numbered.status, 0, numbered.stderr);
  t.match(numbered.stdout, / taken1@/);
});

t.test("a device is there for createRuntime hooks", { skip: noVeth }, async (t) => {
  const box = sandbox(t);
  const { status, stderr } = run(box, (config, bundle) => {
    const hook = join(bundle, "hook");
    writeFileSync(
      hook,
      `#!/bin/sh\nread state; pid=\${state#*\\"pid\\":}; nsenter -n -t \${pid%%,*} ip -o addr >${box.dir}/seen\n`,
      { mode: 0o755 },
    );
    config.hooks = { createRuntime: [{ path: hook, env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] }] };
    devices({ v0: {} })(config);
  });
  t.equal(status, 0, stderr);
  t.match(readFileSync(join(box.dir, "seen"), "utf8"), /192\.0\.2\.1/);
});

t.test("a container that does not come to be gives the devices back as they were", { skip: noVeth }, async (t) => {
  const cases: [string, (config: TestConfig) => void, RegExp][] = [
    [
      "a later device is missing",
      devices({ v0: { name: "a" }, none: {} }),
      /linux\.netDevices\.none: there is no network device none on the host/,
    ],
    [
      "a mount fails",
      (config) => {
        devices({ v0: { name: "a" } })(config);
        config.mounts.push({ destination: "/x", type: "tmpfs", source: "tmpfs", options: ["nonsense=1"] });
      },
      /mounts\[7\]/,
    ],
    [
      "a later name is taken",
      (config) => devices({ v0: { name: "a%d" }, v1: { name: "a0" } })(config),
      /linux\.netDevices\.v1: the container's network namespace has a device a0 already/,
    ],
  ];
  for (const [what, edit, words] of cases) {
    const box = sandbox(t);
    const { status, stderr, host } = run(
      box,
      edit,
      "ip addr add 192.0.2.1/24 dev v0; ip addr add 2001:db8::1/64 dev v0 nodad; ip link set v0 up",
    );
    t.equal(status, 1, what);
    t.match(stderr, words, what);
    t.match(host, / v0@.*<.*UP/, `${what}: back and up`);
    t.match(host, /inet 192\.0\.2\.1\/24/, `${what}: with its address`);
    t.match(host, /inet6 2001:db8::1\/64/, what);
    t.match(host, / v1@/, what);
    t.notOk(existsSync(join(box.root, box.ids[0]!)), "nothing is left");
  }
});

t.test("a device that can't go back does not keep the others", { skip: noVeth }, async (t) => {
  const box = sandbox(t);
  const { status, stderr, host } = run(box, (config) => {
    devices({ v0: { name: "a" }, v1: { name: "b" } })(config);
    const script = "ip link add v1 type veth peer name w1; exit 3";
    config.hooks = {
      createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", script], env: [`PATH=${process.env.PATH}`] }],
    };
  });
  t.equal(status, 1);
  t.match(stderr, /exit status 3/);
  t.match(stderr, /move network device v1 back to the host: .*file exists/i);
  t.match(host, /inet 192\.0\.2\.1\/24 .* v0/, "the other one is back");
});

/** Runs a container whose createRuntime hook kills runt, and deletes what is left. Out: as of `run`. */
function killed(t: Test, edit: (config: TestConfig) => void, after?: string): string {
  const box = sandbox(t);
  const kill = (config: TestConfig) => {
    devices({ v0: { name: "moved" } })(config);
    const engine = `sed 's/.*"engine":{"pid":\\([0-9]*\\).*/\\1/' ${box.root}/*/journal.json`;
    const args = ["sh", "-c", `kill -9 $(${engine}); sleep 0.2`];
    config.hooks = { createRuntime: [{ path: "/bin/sh", args, env: ["PATH=/usr/bin:/bin"] }] };
    edit(config);
  };
  const { status, host } = run(box, kill, "ip addr add 192.0.2.1/24 dev v0", after);
  t.equal(status, 137, "the engine was killed");
  const id = box.ids[0]!;
  t.equal(box.run(["delete", "--force", id]).status, 0);
  t.notOk(existsSync(join(box.root, id)));
  return host;
}

t.test("runt is killed after the move: a device shares the fate of its namespace", { skip: noVeth }, async (t) => {
  const box = sandbox(t);
  const keeper = box.create(box.bundle(({ process }) => (process.args = ["/bin/probe", "pause"])));
  const network = `/proc/${box.state(keeper.id)!.pid}/ns/net`;
  const join = (config: TestConfig) => {
    withoutNamespace(config, "network");
    config.linux.namespaces.push({ type: "network", path: network });
  };
  // Asked while the host's namespace is there: a veth device goes when its other end does.
  const joined = killed(t, join, `nsenter --net=${network} ip -o addr;`);
  t.match(joined, / v1@/, "its other end is where it was");
  t.match(joined, /inet 192\.0\.2\.1\/24 .* moved/, "it is in the namespace that was joined, which lives on");
  t.notMatch(
    killed(t, () => {}),
    / v0@/,
    "a virtual one goes with a new namespace",
  );
});

t.test("refused", { skip: noVeth }, async (t) => {
  const refuse = (t: Test, edit: (config: TestConfig) => void, words: RegExp) => {
    const { status, stderr, host } = run(sandbox(t), edit);
    t.equal(status, 1);
    t.match(stderr, words);
    t.match(host, / v0@/);
  };
  await t.test("without a network namespace", async (t) =>
    refuse(
      t,
      (config) => {
        withoutNamespace(config, "network");
        devices({ v0: {} })(config);
      },
      /unable to move network devices without a private network namespace/,
    ),
  );
  await t.test("into the namespace that it is in", async (t) =>
    refuse(
      t,
      (config) => {
        withoutNamespace(config, "network");
        config.linux.namespaces.push({ type: "network", path: "/proc/self/ns/net" });
        devices({ v0: {} })(config);
      },
      /linux\.netDevices: the container's network namespace is the one that the devices are in/,
    ),
  );
  await t.test("the loopback device, whose name is taken", async (t) =>
    refuse(t, devices({ lo: {} }), /linux\.netDevices\.lo: the container's network namespace has a device lo already/),
  );
  await t.test("a device that the kernel does not move", async (t) =>
    refuse(
      t,
      devices({ lo: { name: "other" } }),
      /linux\.netDevices\.lo: move network device lo: .*(immutable|invalid)/,
    ),
  );
});
