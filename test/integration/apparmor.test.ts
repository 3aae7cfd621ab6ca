// AppArmor: profiles that hold, and those that are refused. The guest has a real one.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { withUserNamespace } from "../helpers/config.js";
import { noUser, user } from "../helpers/rootless.js";
import { mark, sandbox } from "../helpers/sandbox.js";

const SWITCH = "/sys/module/apparmor/parameters/enabled";
const enabled = existsSync(SWITCH) && readFileSync(SWITCH, "utf8").startsWith("Y");
const noModule = enabled ? false : "this kernel runs no AppArmor: the guest does";
const noParser = spawnSync("apparmor_parser", ["--version"]).error ? "apparmor_parser is not installed" : false;
const options = { skip: noModule || noParser } as const;

const profile = `${mark}profile-${process.pid}`;
const text = `profile ${profile} flags=(attach_disconnected,mediate_deleted) {
  file, capability, network, mount, umount, signal, unix, ptrace, pivot_root,
  deny /secret rw,
  deny /bin/probe x,
  deny capability chown,
}
`;

if (!options.skip) {
  const box = sandbox(t);
  const file = join(box.dir, "profile");
  writeFileSync(file, text);
  execFileSync("apparmor_parser", ["--skip-cache", "--replace", file]);
  t.teardown(() => spawnSync("apparmor_parser", ["--skip-cache", "--remove", file]));
}

const SCRIPT = [
  "cat /proc/self/attr/current",
  "echo > /secret 2>/dev/null && echo written || echo refused",
  "/bin/probe >/dev/null 2>&1 && echo ran || echo refused",
  "echo > /open && echo written",
].join("; ");
const CONFINED = `${profile} (enforce)\nrefused\nrefused\nwritten`;

t.test("a profile holds in the container", options, async (t) => {
  const box = sandbox(t);
  t.equal(
    box.shell(SCRIPT, (config) => {
      config.process.apparmorProfile = profile;
    }),
    CONFINED,
  );
  t.match(box.shell(SCRIPT), /^unconfined\nwritten\nran\nwritten$/, "without one: as the caller is");
  t.match(
    box.shell(SCRIPT, (config) => {
      config.process.apparmorProfile = "unconfined";
    }),
    /^unconfined\nwritten\nran\nwritten$/,
  );
});

t.test("in a user namespace, for another user, with a capability that the profile denies", options, async (t) => {
  const box = sandbox(t);
  t.match(
    box.shell("cat /proc/self/attr/current", (config) => {
      withUserNamespace(config);
      config.process.apparmorProfile = profile;
    }),
    CONFINED.split("\n")[0],
  );
  const other = box.shell("cat /proc/self/attr/current; id -u", (config) => {
    config.process.user = { uid: 5, gid: 5 };
    config.process.apparmorProfile = profile;
  });
  t.equal(other, `${profile} (enforce)\n5`);
  const chown = (apparmorProfile?: string) =>
    box.shell("touch /f; chown 5 /f 2>/dev/null && echo done || echo refused", (config) => {
      for (const set of Object.values(config.process.capabilities!)) set.push("CAP_CHOWN");
      if (apparmorProfile) config.process.apparmorProfile = apparmorProfile;
    });
  t.equal(chown(profile), "refused");
  t.equal(chown(), "done");
});

t.test("create and start, seen from outside", options, async (t) => {
  const box = sandbox(t);
  const { id } = box.create(
    box.bundle((config) => {
      config.process.args = ["/bin/sleep", "1000"];
      config.process.apparmorProfile = profile;
    }),
  );
  const { pid } = box.state(id)!;
  const current = () => readFileSync(`/proc/${pid}/attr/current`, "utf8").trim();
  t.equal(current(), "unconfined", "runt-init itself is not confined");
  t.equal(box.run(["start", id]).status, 0);
  t.equal(current(), `${profile} (enforce)`);
});

t.test("a profile that is not loaded is refused", options, async (t) => {
  const box = sandbox(t);
  const result = box.runContainer((config) => {
    config.process.apparmorProfile = `${profile}-none`;
  });
  t.equal(result.status, 1);
  t.match(
    result.stderr,
    /process\.apparmorProfile \(.*-none\): set apparmor profile .*-none: no such file or directory/,
  );
  t.match(result.stderr, /no such profile is loaded: see .*apparmor_parser/);
});

t.test("an image can't divert the label to another file (CVE-2019-16884, CVE-2025-52881)", options, async (t) => {
  const box = sandbox(t);
  const covered = box.runContainer((config) => {
    config.process.apparmorProfile = profile;
    config.mounts.push({ destination: "/proc/self/attr", type: "tmpfs", source: "tmpfs" });
  });
  t.equal(covered.status, 1);
  t.match(covered.stderr, /cannot be mounted because it is inside \/proc/);
  // Without a /proc of its own the container is confined all the same.
  const result = box.run([
    "run",
    "--bundle",
    box.bundle((config) => {
      config.process.apparmorProfile = profile;
      config.mounts = config.mounts.filter(({ type }) => type !== "proc");
      config.linux.maskedPaths = [];
      config.linux.readonlyPaths = [];
      config.process.args = ["/bin/sh", "-c", "echo > /secret 2>/dev/null && echo written || echo refused"];
    }),
    box.id(),
  ]);
  t.equal(result.stdout, "refused\n", result.stderr);
});

t.test("a user without privileges can be confined too", { skip: options.skip || noUser() }, async (t) => {
  const me = user(t);
  const label = me.shell("cat /proc/self/attr/current", (config) => {
    config.process.apparmorProfile = profile;
  });
  t.equal(label, `${profile} (enforce)`);
});

t.test("without AppArmor a profile is refused", { skip: enabled && "this kernel runs AppArmor" }, async (t) => {
  const box = sandbox(t);
  const result = box.runContainer((config) => {
    config.process.apparmorProfile = profile;
  });
  t.equal(result.status, 1);
  t.match(
    result.stderr,
    /process\.apparmorProfile \(.*\): the profile is for AppArmor, which this kernel does not run/,
  );
  t.equal(
    box.runContainer((config) => {
      config.process.apparmorProfile = "unconfined";
    }).status,
    0,
    "unconfined is what everything is there",
  );
});
