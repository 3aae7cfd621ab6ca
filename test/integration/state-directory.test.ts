// A --root that somebody else can write to: what lies under an id may be anything.

import { chownSync, existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import t from "tap";
import { sandbox } from "../helpers/sandbox.js";

const NOBODY = 65534;

t.test("another user's container directory is not acted on", async (t) => {
  const box = sandbox(t);
  const { id } = box.create(box.bundle());
  const directory = join(box.root, id);
  // As he would write it: processes to kill, a hook to run, a directory to remove, all with our rights.
  const victim = spawn("sleep", ["1000"]);
  t.teardown(() => victim.kill());
  const hook = join(box.dir, "hook-ran");
  const kept = join(box.dir, "kept");
  mkdirSync(kept);
  const whole = readFileSync(join(directory, "state.json"), "utf8");
  const stat = readFileSync(`/proc/${victim.pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  const forged = {
    ...JSON.parse(whole),
    init: { pid: victim.pid, startTime: Number(stat[19]) },
    hooks: { poststop: [{ path: "/bin/touch", args: ["touch", hook] }] },
    overlay: { upper: kept, work: kept, lower: [], kept: false },
  };
  writeFileSync(join(directory, "state.json"), JSON.stringify(forged));
  chownSync(directory, NOBODY, NOBODY);
  const words = [
    ["kill", id, "KILL"],
    ["exec", id, "/bin/true"],
    ["start", id],
    ["pause", id],
    ["update", "--memory", "64M", id],
    ["delete", id],
    ["delete", "--force", id],
  ];
  for (const command of words) {
    const result = box.run(command);
    t.not(result.status, 0, command.join(" "));
    t.match(result.stderr, `${directory}: the container is user ${NOBODY}'s (only that user`, command.join(" "));
  }
  t.equal(box.run(["list"]).status, 0, "looking is free");
  t.equal(victim.exitCode ?? victim.signalCode, null, "the victim lives");
  t.notOk(existsSync(hook));
  t.ok(existsSync(kept));
  // What it was, for the clean-up.
  writeFileSync(join(directory, "state.json"), whole);
  chownSync(directory, 0, 0);
});

t.test("what is no directory is no container, and stays", async (t) => {
  const box = sandbox(t);
  mkdirSync(box.root, { recursive: true });
  mkdirSync(join(box.dir, "elsewhere"));
  const plant: Record<string, (path: string) => void> = {
    file: (path) => writeFileSync(path, ""),
    pipe: (path) => void execFileSync("mkfifo", [path]),
    link: (path) => symlinkSync(join(box.dir, "elsewhere"), path),
  };
  for (const [kind, make] of Object.entries(plant)) {
    const id = box.id();
    const path = join(box.root, id);
    make(path);
    const created = box.run(["create", "--bundle", box.bundle(), id]);
    t.equal(created.status, 1, kind);
    t.match(created.stderr, `container with given ID already exists (${path} is no container`, kind);
    for (const command of ["state", "start", "kill", "delete"]) {
      t.match(box.run([command, id]).stderr, /msg="container does not exist"/, `${command} of a ${kind}`);
    }
    t.equal(box.run(["delete", "--force", id]).status, 0, "nothing to do");
    t.ok(lstatSync(path), `${kind} is left alone`);
  }
});
