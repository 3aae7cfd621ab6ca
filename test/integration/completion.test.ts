// Shell completion in the shells themselves.

import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { COMMANDS, flagsOf, GLOBAL_FLAGS } from "../../src/cli/flags.js";
import { runtime, type Sandbox, sandbox } from "../helpers/sandbox.js";

interface Place {
  box: Sandbox;
  /** An environment where `runt` is on PATH. */
  env: NodeJS.ProcessEnv;
  /** The completion script of a shell, for `runt`. */
  script(shell: string): string;
  id: string;
}

const missing = (shell: string) =>
  spawnSync(shell, ["-c", ":"]).status === 0 ? false : `${shell} is not installed on this machine`;

/** A container, and a folder with files and a link to the runtime to complete. */
function place(t: Test): Place {
  const box = sandbox(t);
  const bin = join(box.dir, "bin");
  mkdirSync(bin);
  symlinkSync(runtime, join(bin, "runt"));
  writeFileSync(join(box.dir, "limits.json"), "{}");
  mkdirSync(join(box.dir, "some-folder"));
  const { id } = box.create(box.bundle());
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, HOME: box.dir, TERM: "dumb" };
  const script = (shell: string) => {
    const made = spawnSync(join(bin, "runt"), ["completion", shell], { encoding: "utf8", env });
    if (made.status !== 0) throw new Error(made.stderr);
    const path = join(box.dir, `runt.${shell}`);
    writeFileSync(path, made.stdout);
    return path;
  };
  return { box, env, script, id };
}

/** Lines with what must be offered and what must not, the same for every shell that can be asked. */
function ask(t: Test, { box, id }: Place, complete: (words: string[]) => string[]): void {
  const offers = (words: string[], wanted: string[], unwanted: string[] = []) => {
    const offered = complete(words);
    for (const word of wanted) t.ok(offered.includes(word), `${words.join(" ")}: ${word} of ${offered.join(" ")}`);
    for (const word of unwanted) t.notOk(offered.includes(word), `${words.join(" ")}: not ${word}`);
  };
  const root = ["--root", box.root];
  offers(
    [""],
    COMMANDS.map(({ name }) => name),
  );
  offers(["sta"], ["start", "state"], ["run"]);
  offers(["--ro"], ["--root", "--rootless"], ["--debug"]);
  offers(["--log-format", ""], ["json", "text"]);
  offers(["--debug", "--log-format", "json", "sta"], ["start", "state"]);
  offers([...root, "state", ""], [id]);
  offers([`--root=${box.root}`, "delete", "--force", ""], [id]);
  offers([...root, "kill", ""], [id]);
  offers([...root, "kill", id, "TE"], ["TERM"], [id]);
  offers([...root, "kill", "--all", id, "K"], ["KILL"]);
  offers([...root, "create", ""], [], [id]);
  offers(["list", "--format", "t"], ["table"], ["json"]);
  offers(["update", "--cpu-"], ["--cpu-quota", "--cpu-period", "--cpu-idle"], ["--memory"]);
  offers([...root, "update", "--cpu-quota", "5", ""], [id]);
  offers(["update", "--resources", "lim"], ["limits.json"]);
  offers(["run", "--bundle", "som"], ["some-folder"], ["limits.json"]);
  offers([...root, "exec", id, "--us"], [], ["--user"]);
  offers(["help", "feat"], ["features"]);
  offers(["completion", ""], ["bash", "fish", "zsh"]);
  // Every flag of the table that people are shown.
  for (const { name, flags } of [
    { name: "", flags: GLOBAL_FLAGS },
    ...COMMANDS.map((command) => ({ name: command.name, flags: flagsOf(command) })),
  ]) {
    const shown = flags.filter(({ hidden }) => !hidden).map((flag) => `--${flag.name}`);
    offers(name === "" ? ["--"] : [name, "--"], shown);
  }
}

t.test("bash", { skip: missing("bash") }, async (t) => {
  const here = place(t);
  const driver = join(here.box.dir, "driver.bash");
  // Lines of words, each ended by a NUL, come on stdin; what is offered goes out.
  writeFileSync(
    driver,
    `source ${here.script("bash")}
words=()
while IFS= read -r -d '' word; do
  if [[ $word != $'\\n' ]]; then words+=("$word"); continue; fi
  COMP_WORDS=(runt "\${words[@]}"); COMP_CWORD=\${#words[@]}; COMPREPLY=()
  _runt
  printf '%s\\n' "\${COMPREPLY[@]}"; printf '%s\\n' ----
  words=()
done
`,
  );
  // As readline cuts a line up: "=" stands alone.
  const cut = (words: string[]) => words.flatMap((word) => word.replace(/^(--[\w-]+)=/, "$1\0=\0").split("\0"));
  askAll(t, here, (lines) => {
    const input = lines.map((words) => [...cut(words), "\n"].map((word) => `${word}\0`).join("")).join("");
    const { stdout, stderr, status } = spawnSync("bash", ["--norc", driver], {
      cwd: here.box.dir,
      env: here.env,
      input,
      encoding: "utf8",
    });
    t.equal(status, 0, stderr);
    return stdout.split("----\n").map((text) => text.split("\n").filter(Boolean));
  });
  t.match(typed(here, ["bash", "--norc", "-i"], `source ${here.script("bash")}`), /:runt features/);
});

t.test("fish", { skip: missing("fish") }, async (t) => {
  const here = place(t);
  const script = here.script("fish");
  askAll(t, here, (lines) => {
    const text = lines.map((words) => `complete -C '${["runt", ...words].join(" ")}'\necho ----\n`).join("");
    const { stdout, stderr, status } = spawnSync("fish", ["--no-config", "-c", `source ${script}\n${text}`], {
      cwd: here.box.dir,
      env: here.env,
      encoding: "utf8",
    });
    t.equal(status, 0, stderr);
    t.equal(stderr, "");
    return stdout.split("----\n").map((offered) =>
      offered
        .split("\n")
        .map((line) => line.split("\t")[0]!.replace(/\/$/, ""))
        .filter(Boolean),
    );
  });
});

t.test("zsh", { skip: missing("zsh") }, async (t) => {
  const here = place(t);
  const setUp = `autoload -Uz compinit; compinit -u -d ${here.box.dir}/zcompdump; source ${here.script("zsh")}`;
  const line = (keys: string) => typed(here, ["zsh", "-f", "-i"], setUp, keys);
  t.match(line("runt feat\t"), /:runt features/);
  t.match(line(`runt --root ${here.box.root} state \t`), new RegExp(`state ${here.id}`));
  t.match(line("runt update --resources lim\t"), /--resources limits\.json/);
  t.match(line("runt run --bundle som\t"), /--bundle some-folder/);
  t.match(line("runt list --format=t\t"), /--format=table/);
  t.match(line(`runt --root ${here.box.root} kill ${here.id} WIN\t`), /WINCH/);
  t.match(line("runt update --cpu-q\t"), /--cpu-quota/);
  t.match(line("runt --systemd\t"), /--systemd-cgroup/);
});

/** Asks all lines in one run of the shell: a start of it is dear. */
function askAll(t: Test, here: Place, completeAll: (lines: string[][]) => string[][]): void {
  const lines: string[][] = [];
  ask({ ok() {}, notOk() {} } as unknown as Test, here, (words) => {
    lines.push(words);
    return [];
  });
  const offered = completeAll(lines);
  let next = 0;
  ask(t, here, () => offered[next++] ?? []);
}

/** Types keys at a shell on a terminal, then ":" in front of the line and return: the shell's echo shows the line. */
function typed({ box, env }: Place, shell: string[], setUp: string, keys = "runt feat\t"): string {
  const input = `${setUp}\n${keys}\x01echo :\n exit\n`;
  const { stdout } = spawnSync("script", ["-qec", shell.join(" "), "/dev/null"], {
    cwd: box.dir,
    // npm sets EDITOR to vi, which makes zsh read keys as vi does.
    env: { ...env, TERM: "xterm", EDITOR: "emacs", VISUAL: "emacs" },
    input,
    encoding: "utf8",
    timeout: 30_000,
  });
  return stdout.replaceAll(/\x1b\[[0-9;?]*[a-zA-Z]/g, "");
}

t.test("a shell that is none; the name that it was called by", async (t) => {
  const { box, env } = place(t);
  t.match(box.run(["completion", "tcsh"]), {
    status: 1,
    stderr: /no completion for .*tcsh.*there is one for bash, fish, zsh/,
  });
  symlinkSync(runtime, join(box.dir, "bin/runc"));
  const { stdout } = spawnSync("runc", ["completion", "bash"], { env, encoding: "utf8" });
  t.match(stdout, /complete -F _runc runc/);
});
