// Bad input: bundle, ids, flags. Each a clear error, exit status 1, and nothing left behind.

import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { refused } from "../helpers/refused.js";
import { sandbox } from "../helpers/sandbox.js";

t.test("no config.json", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle();
  rmSync(join(bundle, "config.json"));
  refused(t, box, bundle, /JSON specification file config\.json not found/);
});

t.test("no bundle", async (t) => {
  refused(t, sandbox(t), "/no/such/bundle", /\/no\/such\/bundle.*no such file or directory/);
});

for (const [what, text, message] of [
  ["null", "null", /config cannot be null/],
  ["an empty file", "", /config\.json/],
  ["not JSON", '{ "ociVersion": "1.0.2", }}', /config\.json.*line 1|config\.json:1:/],
  ["an array", "[]", /config\.json|object/],
  ["cut in half", '{"ociVersion": "1.0.2", "process": {"args": ["sh"', /config\.json/],
] as const) {
  t.test(`config.json is ${what}`, async (t) => {
    const box = sandbox(t);
    const bundle = box.bundle();
    box.configure(bundle, text);
    refused(t, box, bundle, message);
  });
}

t.test("wrong types: the place, the line, the value and what was expected", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    (config.process as { args: unknown }).args = "sh";
    (config.process as { cwd: unknown }).cwd = 7;
  });
  const lines = readFileSync(join(bundle, "config.json"), "utf8").split("\n");
  const message = refused(t, box, bundle, /process\.args/);
  t.match(message, /process\.cwd/, "all errors, not only the first");
  t.match(message, new RegExp(`${lines.findIndex((line) => line.includes('"args"')) + 1}`), "the line");
  t.match(message, /array/);
});

for (const [what, open, close] of [
  ["arrays", "[", "]"],
  ["objects", '{"a":', "}"],
] as const) {
  t.test(`${what} in one another, a hundred thousand times`, async (t) => {
    const box = sandbox(t);
    const bundle = box.bundle();
    const deep = open.repeat(100_000) + (open === "[" ? "" : "1") + close.repeat(100_000);
    for (const place of ["annotations", "nobodyKnowsIt"]) {
      box.configure(bundle, `{"ociVersion": "1.0.2", "${place}": ${deep}}`);
      refused(t, box, bundle, /config\.json.*nested deeper/);
    }
    // Where it is not too deep for the engine, it is what is wrong with its value that is told.
    box.configure(bundle, `{"ociVersion": "1.0.2", "annotations": ${open.repeat(50)}1${close.repeat(50)}}`);
    refused(t, box, bundle, /annotations.*expected/);
  });
}

t.test("no ociVersion", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle();
  const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8"));
  delete config.ociVersion;
  box.configure(bundle, config);
  refused(t, box, bundle, /ociVersion/);
});

t.test("the rootfs is missing, a file, or a symlink to nowhere", async (t) => {
  const box = sandbox(t);
  const missing = box.bundle((config) => {
    config.root.path = "not-there";
  });
  refused(t, box, missing, /not-there.*no such file or directory/);
  const file = box.bundle((config, bundle) => {
    writeFileSync(join(bundle, "file"), "");
    config.root.path = "file";
  });
  refused(t, box, file, /file.*not a directory/);
  const link = box.bundle((config, bundle) => {
    symlinkSync("/no/where", join(bundle, "link"));
    config.root.path = "link";
  });
  refused(t, box, link, /link.*no such file or directory/);
});

t.test("container ids", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle();
  for (const id of [".", "..", "a/b", "../x", "a b", "é", "a\nb", ""]) {
    const result = box.run(["create", "--bundle", bundle, id]);
    t.equal(result.status, 1, JSON.stringify(id));
    t.match(
      result.stderr,
      id === "" ? /container id cannot be empty/ : /invalid container ID format/,
      JSON.stringify(id),
    );
  }
});

t.test("flags and arguments", async (t) => {
  const box = sandbox(t);
  for (const [args, message] of [
    [["run", "--no-such-flag", "x"], /flag provided but not defined: -no-such-flag/],
    [["--no-such-flag", "list"], /flag provided but not defined: -no-such-flag/],
    [["run"], /\\?"run\\?" requires exactly 1 argument/],
    [["state", "a", "b"], /\\?"state\\?" requires exactly 1 argument/],
    [["--log-format", "xml", "list"], /invalid log-format/],
    [["run", "--preserve-fds", "many", "x"], /invalid value/],
  ] as const) {
    const result = box.run([...args]);
    t.equal(result.status, 1, args.join(" "));
    t.match(result.stdout + result.stderr, message, args.join(" "));
  }
  const unknown = box.run(["frobnicate"]);
  t.equal(unknown.status, 3);
  t.match(unknown.stdout + unknown.stderr, /No help topic for 'frobnicate'/);
});

t.test("--log gets a line in the shape that callers parse, stderr the bare message", async (t) => {
  const box = sandbox(t);
  const log = join(box.dir, "log.json");
  const result = box.run(["--log", log, "--log-format", "json", "state", "nobody"]);
  t.equal(result.status, 1);
  const line = JSON.parse(readFileSync(log, "utf8").trim().split("\n").at(-1)!);
  t.match(line, { level: "error", msg: "container does not exist" });
  t.match(line.time, /^\d{4}-\d\d-\d\dT/);
  t.match(result.stderr, /^container does not exist$/m);
});

t.test("--root that is / or a file", async (t) => {
  const box = sandbox(t);
  const slash = box.run(["--root", "/", "list"]);
  t.equal(slash.status, 1);
  t.match(slash.stderr, /root/);
  const file = box.run(["--root", "/etc/passwd", "create", "--bundle", box.bundle(), box.id()]);
  t.equal(file.status, 1);
  t.match(file.stderr, /\/etc\/passwd/);
});

t.test("a missing console socket, and one that is not needed", async (t) => {
  const box = sandbox(t);
  const terminal = box.bundle((config) => {
    config.process.terminal = true;
  });
  refused(
    t,
    box,
    terminal,
    /cannot allocate tty if runc? ?t? ?will detach without setting console socket|console socket/,
    "create",
  );
  const id = box.id();
  const plain = box.run(["create", "--console-socket", "/no/socket", "--bundle", box.bundle(), id]);
  t.equal(plain.status, 1);
  t.match(plain.stderr, /cannot use console socket if/);
  mkdirSync(join(box.dir, "x"));
  const nowhere = box.run(["create", "--console-socket", join(box.dir, "x/none"), "--bundle", terminal, box.id()]);
  t.equal(nowhere.status, 1);
  t.match(nowhere.stderr, /x\/none.*no such file or directory/);
});
