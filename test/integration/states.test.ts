// Every command in every state: what it says, and that a command that is refused changes nothing.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { type Result, type Sandbox, sandbox, until } from "../helpers/sandbox.js";

const STATES = ["missing", "half-made", "created", "running", "paused", "stopped"] as const;
type State = (typeof STATES)[number];

/** What a command does in a state: the state afterwards, or the words of its error. */
interface Cell {
  becomes?: State;
  error?: RegExp;
}

const is = (becomes: State): Cell => ({ becomes });
const refused = (error: RegExp): Cell => ({ error });
const none = refused(/container does not exist/);
const notRunning = refused(/container not running/);
const inUse = refused(/container with given ID already exists/);

/** ID stands for the id, BUNDLE for its bundle. Columns as in STATES. */
// biome-ignore format: a table
const TABLE: readonly (readonly [words: string, missing: Cell, halfMade: Cell, created: Cell, running: Cell, paused: Cell, stopped: Cell])[] = [
  ["state ID", none, none, is("created"), is("running"), is("paused"), is("stopped")],
  ["create -b BUNDLE ID", is("created"), inUse, inUse, inUse, inUse, inUse],
  ["run -d -b BUNDLE ID", is("running"), inUse, inUse, inUse, inUse, inUse],
  [
    "start ID", none, none, is("running"),
    refused(/cannot start an already running container/),
    refused(/cannot start a container in the paused state/),
    refused(/cannot start a container that has stopped/),
  ],
  ["kill ID 0", none, none, is("created"), is("running"), is("paused"), notRunning],
  ["kill ID KILL", none, none, is("stopped"), is("stopped"), is("stopped"), notRunning],
  ["kill --all ID KILL", none, none, is("stopped"), is("stopped"), is("stopped"), is("stopped")],
  ["kill ID NOSIGNAL", none, none, ...Array(4).fill(refused(/unknown signal \\"NOSIGNAL\\"/)) as [Cell, Cell, Cell, Cell]],
  ["pause ID", none, none, is("paused"), is("paused"), notRunning, notRunning],
  [
    "resume ID", none, none, refused(/container not paused/), refused(/container not paused/),
    is("running"), refused(/container not paused/),
  ],
  [
    "delete ID", none, is("missing"), is("missing"),
    refused(/cannot delete container <id> that is not stopped: running/),
    refused(/cannot delete container <id> that is not stopped: paused/),
    is("missing"),
  ],
  ["delete --force ID", ...Array(6).fill(is("missing")) as [Cell, Cell, Cell, Cell, Cell, Cell]],
  ["ps ID", none, none, is("created"), is("running"), is("paused"), is("stopped")],
  ["ps -f json ID", none, none, is("created"), is("running"), is("paused"), is("stopped")],
  [
    "events --stats ID", none, none, is("created"), is("running"), is("paused"),
    refused(/container with id <id> is not running/),
  ],
  ["update --pids-limit 20 ID", none, none, is("created"), is("running"), is("paused"), notRunning],
  ["list", is("missing"), is("half-made"), is("created"), is("running"), is("paused"), is("stopped")],
  ["list -q", is("missing"), is("half-made"), is("created"), is("running"), is("paused"), is("stopped")],
];

function run(box: Sandbox, ...words: string[]): Result {
  const result = box.run(words);
  if (result.status !== 0) throw new Error(`${words.join(" ")}: ${result.stderr}`);
  return result;
}

/** A new container in that state. */
async function bring(box: Sandbox, bundle: string, state: State): Promise<string> {
  const id = box.id();
  if (state === "missing") return id;
  if (state === "half-made") {
    mkdirSync(join(box.root, id), { mode: 0o711 });
    return id;
  }
  run(box, "create", "--bundle", bundle, id);
  if (state === "created") return id;
  run(box, "start", id);
  if (state === "paused") run(box, "pause", id);
  if (state !== "stopped") return id;
  run(box, "kill", id, "KILL");
  await until("it has stopped", () => stateOf(box, id) === "stopped");
  return id;
}

function stateOf(box: Sandbox, id: string): State {
  const result = box.run(["state", id]);
  if (result.status === 0) return JSON.parse(result.stdout).status;
  return /a create that did not end/.test(result.stderr) ? "half-made" : "missing";
}

function pausing(box: Sandbox): string {
  return box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
  });
}

function fill(words: string, id: string, bundle: string): string[] {
  return words.split(" ").map((word) => word.replace(/^ID$/, id).replace(/^BUNDLE$/, bundle));
}

for (const [index, state] of STATES.entries()) {
  t.test(`${state}: what leaves it so`, async (t) => {
    const box = sandbox(t);
    const bundle = pausing(box);
    const id = await bring(box, bundle, state);
    for (const [words, ...cells] of TABLE) {
      const { becomes, error } = cells[index]!;
      if (becomes !== undefined && becomes !== state) continue;
      const result = box.run(fill(words, id, bundle));
      if (error) {
        t.equal(result.status, 1, words);
        t.match(result.stderr, new RegExp(error.source.replace("<id>", id)), words);
        t.equal(result.stdout, "", `${words}: nothing on stdout`);
      } else {
        t.equal(result.status, 0, `${words}: ${result.stderr}`);
      }
      t.equal(stateOf(box, id), state, words);
    }
  });

  t.test(`${state}: what changes it`, async (t) => {
    const box = sandbox(t);
    const bundle = pausing(box);
    for (const [words, ...cells] of TABLE) {
      const { becomes } = cells[index]!;
      if (becomes === undefined || becomes === state) continue;
      const id = await bring(box, bundle, state);
      const result = box.run(fill(words, id, bundle));
      t.equal(result.status, 0, `${words}: ${result.stderr}`);
      if (becomes === "stopped") await until("it has stopped", () => stateOf(box, id) === "stopped");
      t.equal(stateOf(box, id), becomes, words);
    }
  });
}

t.test("a paused container that was only created is created again after resume", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
  });
  const id = await bring(box, bundle, "created");
  run(box, "pause", id);
  t.equal(stateOf(box, id), "paused");
  run(box, "resume", id);
  t.equal(stateOf(box, id), "created");
});

t.test("stopped, with processes left: its first one's pid may still name their session", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/sh", "-c", "sleep 1000 & exec sleep 1000"];
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
  });
  const id = await bring(box, bundle, "running");
  const pids = () => JSON.parse(run(box, "ps", "-f", "json", id).stdout) as number[] | null;
  await until("both run", () => pids()?.length === 2);
  run(box, "kill", id, "TERM");
  await until("the first has ended", () => stateOf(box, id) === "stopped");
  t.equal(pids()?.length, 1);
  t.match(box.run(["kill", id, "TERM"]), { status: 1, stderr: /container not running/ });
  run(box, "kill", "--all", id, "CONT");
  t.equal(pids()?.length, 1);
  const deleted = box.run(["delete", "--force", id]);
  t.equal(deleted.status, 0, deleted.stderr);
  t.equal(stateOf(box, id), "missing");
});

t.test("ps of a stopped container: the header alone, and null", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
  });
  const id = await bring(box, bundle, "stopped");
  t.match(run(box, "ps", id).stdout, /^UID +PID [^\n]*\n$/);
  t.equal(run(box, "ps", "-f", "json", id).stdout, "null\n");
});

t.test("list: a half-made container is named on stderr, the others are shown", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
  });
  const half = await bring(box, bundle, "half-made");
  const whole = await bring(box, bundle, "created");
  for (const words of [["list"], ["list", "-f", "json"], ["list", "-q"]]) {
    const result = run(box, ...words);
    t.match(result.stdout, new RegExp(whole));
    t.notMatch(result.stdout, new RegExp(half));
    t.match(result.stderr, new RegExp(`load container ${half}: container does not exist`));
  }
});

t.test("ids that are none, for every command that takes one", async (t) => {
  const box = sandbox(t);
  const lines = ["state", "start", "kill", "pause", "resume", "delete", "ps", "events", "update", "create", "run"];
  for (const command of lines) {
    for (const [id, message] of [
      ["", /container id cannot be empty/],
      ["..", /invalid container ID format/],
      ["a/b", /invalid container ID format/],
      ["a b", /invalid container ID format/],
    ] as const) {
      const bundle = command === "create" || command === "run" ? ["-b", box.dir] : [];
      const result = box.run([command, ...bundle, id]);
      t.equal(result.status, 1, `${command} ${JSON.stringify(id)}`);
      t.match(result.stderr, message, `${command} ${JSON.stringify(id)}`);
    }
  }
});
