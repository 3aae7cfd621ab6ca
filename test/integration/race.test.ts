// A race against the set-up (shared/security.md, T2; CVE-2021-30465, CVE-2024-45310): somebody who can
// write to a volume exchanges a directory for a symlink to the host, all the time, while containers that
// mount below it are made. What happens varies; what may happen does not.

import { spawn } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { TestConfig } from "../helpers/config.js";
import { parseMount, parseReport } from "../helpers/report.js";
import { patience, type Sandbox, sandbox, tools, until } from "../helpers/sandbox.js";

// Slow machines and engines give each round more time to be raced in.
const rounds = patience > 1 ? 15 : 40;

function tree(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const { mode, uid, gid, ino, mtimeMs } = lstatSync(join(folder, name));
      return [name, mode, uid, gid, ino, mtimeMs].join(" ");
    });
}

/** Exchanges two names in the background until the returned function is called. */
async function swapping(one: string, other: string): Promise<() => Promise<void>> {
  const child = spawn(join(tools, "swap"), [one, other], { stdio: ["ignore", "pipe", "inherit"] });
  let ready = "";
  child.stdout.on("data", (chunk) => {
    ready += chunk;
  });
  const ended = new Promise<void>((done) => child.on("exit", () => done()));
  await until("the swapping has begun", () => ready !== "");
  return async () => {
    child.kill("SIGKILL");
    await ended;
  };
}

async function race(box: Sandbox, name: string, edit: (config: TestConfig, shared: string) => void) {
  const canary = join(box.dir, "canary");
  mkdirSync(join(canary, "sub"), { recursive: true });
  writeFileSync(join(canary, "file"), "of the host");
  const shared = join(box.dir, "shared");
  mkdirSync(join(shared, "target"), { recursive: true });
  symlinkSync(name === "absolute" ? canary : `${"../".repeat(20)}${canary.slice(1)}`, join(shared, "link"));
  const bundle = box.bundle((config) => {
    config.mounts.push({ destination: "/shared", source: shared, options: ["bind"] });
    edit(config, shared);
  });
  const before = { canary: tree(canary), mounts: box.hostMounts() };
  const stop = await swapping(join(shared, "target"), join(shared, "link"));
  const results = [];
  try {
    for (let round = 0; round < rounds; round++) results.push(box.run(["run", "--bundle", bundle, box.id()]));
  } finally {
    await stop();
  }
  return { results, before, after: { canary: tree(canary), mounts: box.hostMounts() } };
}

/** Mounts in a container that show the host's canary. One at a path of that name inside the root is none. */
function hostsCanary(stdout: string): unknown[] {
  return parseReport(stdout)
    .mounts.map(parseMount)
    .filter(({ root, destination }) => root.includes("/canary") || destination.startsWith("/.."));
}

for (const name of ["absolute", "relative"]) {
  t.test(`a mount below a directory that becomes a symlink (${name})`, async (t) => {
    const box = sandbox(t);
    const { results, before, after } = await race(box, name, (config) => {
      config.mounts.push({ destination: "/shared/target/sub", type: "tmpfs", source: "tmpfs", options: ["size=20k"] });
    });
    t.same(after, before, "the host is as it was");
    let ran = 0;
    for (const { status, stdout, stderr } of results) {
      if (status !== 0) {
        t.match(stderr, /mounts\[8\]/, "a clean refusal");
        continue;
      }
      ran++;
      const mounts = parseReport(stdout).mounts.map(parseMount);
      const small = mounts.filter(({ superOptions }) => superOptions.includes("size=20k"));
      t.equal(small.length, 1);
      t.same(hostsCanary(stdout), [], "nothing of the host's is mounted");
    }
    t.ok(ran > 0, `${ran} of ${rounds} ran`);
  });

  t.test(`masked, read-only and working paths that become symlinks (${name})`, async (t) => {
    const box = sandbox(t);
    const { results, before, after } = await race(box, name, (config) => {
      config.linux.maskedPaths = ["/shared/target/secret", "/shared/target"];
      config.linux.readonlyPaths = ["/shared/target/sub"];
      config.process.cwd = "/shared/target/made";
      config.linux.devices = [{ path: "/shared/target/null", type: "c", major: 1, minor: 3, fileMode: 0o666 }];
    });
    t.same(after, before, "the host is as it was");
    for (const { status, stdout, stderr } of results) {
      if (status !== 0) t.match(stderr, /maskedPaths|readonlyPaths|cwd|devices/, "a clean refusal");
      else t.same(hostsCanary(stdout), [], "nothing of the host's is mounted");
    }
  });
}
