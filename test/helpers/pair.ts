// runt under the name runc and the real one, each with a state root of its own: the same commands, and the outputs
// compared after ids, pids and times are masked.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { isV2 } from "./cgroup.js";
import { withoutNamespace } from "./config.js";
import { runtime, type Sandbox } from "./sandbox.js";

/** The real runc, when the machine has it. */
export const real = realRunc();

/** The runc of the machine, when it is the real one (its --version names Go's). */
function realRunc(): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(":")) {
    const { stdout, status } = spawnSync(join(folder, "runc"), ["--version"], { encoding: "utf8" });
    if (status === 0 && /^go: /m.test(stdout)) return join(folder, "runc");
  }
  return undefined;
}

/** What a part of an output must be. */
interface Expected {
  status?: number;
  stdout?: RegExp;
  stderr?: RegExp;
}

export interface Output {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Both runtimes, each with a state root of its own; a step is run by one, then by the other. */
export class Pair {
  readonly bundle: string;
  readonly link: string;
  #files = 0;

  constructor(
    readonly t: Test,
    readonly box: Sandbox,
  ) {
    this.link = join(box.dir, "bin/runc");
    mkdirSync(join(box.dir, "bin"));
    symlinkSync(runtime, this.link);
    this.bundle = box.bundle((config) => {
      config.process.args = ["/bin/probe", "pause"];
      // 1.1.5 has no cgroup namespace on v1 without cgroup2; without one it takes the flags of the host's
      // cgroup2 away (nsdelegate, memory_recursiveprot), because it mounts that anew for the container.
      if (!isV2) withoutNamespace(config, "cgroup");
      config.ociVersion = "1.3.0";
    });
    t.teardown(() => {
      for (const which of ["real", "ours"] as const) this.run(which, ["delete", "-f", this.id(which)]);
    });
  }

  id(which: "real" | "ours"): string {
    return `${this.box.dir.split("/").pop()}-${which}`;
  }

  run(which: "real" | "ours", words: readonly string[], input = ""): Output {
    const id = this.id(which);
    const line = words.map((word) => word.replaceAll("ID", id).replaceAll("BUNDLE", this.bundle));
    const root = join(this.box.dir, `root-${which}`);
    mkdirSync(root, { recursive: true, mode: 0o700 });
    // A new pair of files each time: a container writes to those that it was made with.
    const number = ++this.#files;
    const files = [join(this.box.dir, `${number}.out`), join(this.box.dir, `${number}.err`)];
    const command = which === "real" ? real! : this.link;
    // Through files: a created container keeps its stdio open.
    const script = 'out=$1 err=$2; shift 2; "$@" >"$out" 2>"$err"';
    const { status } = spawnSync("sh", ["-c", script, "sh", ...files, command, "--root", root, ...line], {
      cwd: this.box.dir,
      input,
      timeout: 30_000,
    });
    const [stdout, stderr] = files.map((file) => mask(readFileSync(file, "utf8"), id, root)) as [string, string];
    return { status, stdout, stderr };
  }

  /** Both must answer the same, but for what ours says to try: runc's words, and a hint after them. */
  same(line: string, input?: string): void {
    const words = line.split(" ").filter(Boolean);
    const ours = this.run("ours", words, input);
    const theirs = this.run("real", words, input);
    if (ours.stderr !== theirs.stderr) ours.stderr = ours.stderr.replace(/(level=error msg=".*) \(.*\)"$/gm, '$1"');
    this.t.same(ours, theirs, line);
  }

  /** They differ, and this is how. */
  differs(line: string, expected: { real: Expected | RegExp; ours: Expected | RegExp; input?: string }): void {
    for (const which of ["real", "ours"] as const) {
      const output = this.run(which, line.split(" ").filter(Boolean), expected.input);
      const wanted = expected[which];
      if (wanted instanceof RegExp) this.t.match(output.stderr, wanted, `${line}: ${which}`);
      else this.t.match(output, wanted, `${line}: ${which}`);
    }
  }
}

/** Takes out what is never the same twice. */
function mask(text: string, id: string, root: string): string {
  return (
    text
      .replaceAll(id, "ID")
      .replaceAll(root, "ROOT")
      .replace(/time="[^"]*"/g, "time=T")
      .replace(/msg="\S+\/runc: /g, 'msg="RUNC: ')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "T")
      // 1.1.5 names the version that it was built with, whatever the bundle says.
      .replace(/("ociVersion": ?")[^"]*/g, "$1VERSION")
      .replace(/("pid": ?)[1-9]\d*/g, "$1PID")
      .replace(/^(ID +)[1-9]\d*( +)(?=[a-z])/gm, (_all, name: string, blank: string) => `${name}PID${blank.slice(-3)}`)
      // Go leaves out zeros at the end of a time, so columns vary by chance.
      .replace(/CREATED +OWNER/, "CREATED OWNER")
      .replace(/^\[[\d,]+\]$/gm, "[PIDS]")
      .replace(/^(UID|root).*\n/gm, "")
      .replace(/\x00/g, "")
  );
}
