import t from "tap";
import { defaultConfigText } from "../../../src/spec/default-config.js";
import { loadConfig, loadProcess, loadResources, loadState, parseConfig } from "../../../src/spec/load.js";

const reading = (text: string) => () => text;
const failing = (errno: number, code: string) => () => {
  throw Object.assign(new Error(code), { errno, code, syscall: "open" });
};

t.test("loadConfig gives the config, its text and its warnings", async (t) => {
  const text = defaultConfigText();
  const loaded = await loadConfig("/bundle/config.json", reading(text));
  t.equal(loaded.config.hostname, "runt");
  t.equal(loaded.text, text);
  t.strictSame(loaded.warnings, []);
});

t.test("a missing file is named as callers know it", async (t) => {
  await t.rejects(loadConfig("/bundle/config.json", failing(2, "ENOENT")), {
    message:
      "JSON specification file config.json not found (looked for in /bundle: --bundle names the bundle's directory, and `spec` writes such a file)",
    errno: 2,
  });
});

t.test("what is not about the file passes through", async (t) => {
  const bug = new TypeError("a bug");
  await t.rejects(
    loadConfig("config.json", () => {
      throw bug;
    }),
    bug,
  );
});

t.test("the other documents go the same way", async (t) => {
  const process = await loadProcess("process.json", reading('{"args": ["id"], "cwd": "/"}'));
  t.strictSame(process.document.args, ["id"]);
  const resources = await loadResources("r.json", reading('{"memory": {"limit": 1048576}, "pids": {"limit": 5}}'));
  t.strictSame(resources.document.pids, { limit: 5 });
  const state = await loadState(
    "s.json",
    reading('{"ociVersion": "1.0.0", "id": "a", "status": "stopped", "bundle": "/b"}'),
  );
  t.equal(state.document.status, "stopped");
});

t.test("their errors have the pointers of their own document", async (t) => {
  await t.rejects(loadProcess("p.json", reading('{"args": ["id"], "cwd": "x", "env": ["A"]}')), {
    message: [
      "p.json has 2 problems:",
      '  p.json:1:25: cwd: Cwd must be an absolute path, found "x"',
      "  p.json:1:38: env[0]: invalid environment variable: missing '=', found \"A\"",
    ].join("\n"),
  });
  await t.rejects(loadProcess("p.json", reading("null")), { message: "process cannot be null" });
  await t.rejects(loadResources("r.json", reading('{"unified": {"../memory.max": "1"}}')), {
    message:
      'r.json:1:31: unified["../memory.max"]: expected the name of a cgroup file such as memory.high, found "../memory.max"',
  });
  await t.rejects(
    loadState("s.json", reading('{"ociVersion": "1.0.0", "id": "a", "status": "running", "bundle": "b"}')),
    {
      message: [
        "s.json has 2 problems:",
        "  s.json:1:1: pid: a container that is running has a pid",
        '  s.json:1:67: bundle: expected an absolute path, found "b"',
      ].join("\n"),
    },
  );
});

t.test("parseConfig names the file that it is told", async (t) => {
  await t.rejects(parseConfig("{", "other.json"), { message: /^other\.json:1:2: / });
});
