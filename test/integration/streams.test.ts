// Standard input, output and error belong to the container's user: /dev/stderr and its like are opened anew by a
// program, with the rights of a file (https://github.com/moby/moby/issues/31243).

import { chownSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { TestConfig } from "../helpers/config.js";
import { withUserNamespace } from "../helpers/config.js";
import { noMappers, noUser, user, withSubordinateIds } from "../helpers/rootless.js";
import { sandbox } from "../helpers/sandbox.js";

/** Streams that are pipes, which cat(1) ends. */
const PIPES = { via: ["sh", "-c", 'echo in | "$@" 2>&1 | cat', "sh"] };
const SCRIPT = "cat /dev/stdin; echo out > /dev/stdout; echo err > /dev/stderr";
const SAID = "in\nout\nerr\n";

const asUser = (config: TestConfig) => {
  config.process.user = { uid: 1000, gid: 1000 };
  config.process.args = ["/bin/sh", "-c", SCRIPT];
};

t.test("pipes", async (t) => {
  const box = sandbox(t);
  const plain = box.runContainer(asUser, PIPES);
  t.equal(plain.stdout, SAID);
  const mapped = box.runContainer((config) => {
    asUser(config);
    withUserNamespace(config);
  }, PIPES);
  t.equal(mapped.stdout, SAID, "in a user namespace");
});

t.test("pipes of a user without privileges", { skip: noUser() || noMappers() }, async (t) => {
  const me = user(t);
  const result = me.runContainer(
    (config) => {
      asUser(config);
      config.process.user = { uid: 5, gid: 5 };
      withSubordinateIds(config);
    },
    { prepare: me.names(), ...PIPES },
  );
  t.equal(result.stdout, SAID, result.stderr);
});

t.test("exec, as another user than the container's", async (t) => {
  const box = sandbox(t);
  for (const edit of [() => {}, withUserNamespace]) {
    const { id } = box.create(
      box.bundle((config) => {
        config.process.args = ["/bin/sleep", "1000"];
        edit(config);
      }),
    );
    t.equal(box.run(["start", id]).status, 0);
    t.equal(box.run(["exec", "--user", "7", id, "/bin/sh", "-c", SCRIPT], PIPES).stdout, SAID);
  }
});

t.test("a file gets a new owner, and keeps its group", async (t) => {
  const box = sandbox(t);
  const { stdout, files } = box.runContainer((config) => {
    config.process.user = { uid: 1000, gid: 1000 };
    config.process.args = ["/bin/stat", "-L", "-c", "%u:%g", "/proc/self/fd/1"];
  });
  t.equal(stdout, "1000:0\n");
  t.equal(statSync(files.stdout).uid, 1000);
});

t.test("the file that standard input comes from keeps its owner", async (t) => {
  const box = sandbox(t);
  const input = join(box.dir, "input");
  writeFileSync(input, "read\n");
  chownSync(input, 4, 4);
  const { stdout } = box.runContainer(
    (config) => {
      config.process.user = { uid: 1000, gid: 1000 };
      config.process.args = ["/bin/cat"];
    },
    { via: ["sh", "-c", `exec "$@" < ${input}`, "sh"] },
  );
  t.equal(stdout, "read\n");
  t.equal(statSync(input).uid, 4);
});

t.test("devices of the host keep their owner: /dev/null, the caller's terminal", async (t) => {
  const box = sandbox(t);
  const before = statSync("/dev/null");
  const bundle = box.bundle((config) => {
    config.process.user = { uid: 1000, gid: 1000 };
    config.process.args = ["/bin/sh", "-c", 'for n in 0 1 2; do stat -L -c "%F %u" /proc/self/fd/$n; done'];
  });
  t.equal(box.run(["run", "--bundle", bundle, box.id()]).stdout.split("\n")[0], `character special file ${before.uid}`);
  t.equal(statSync("/dev/null").uid, before.uid);
  // script(1) lends a terminal, and gives the command's words to a shell.
  const typed = box.run(["run", "--bundle", bundle, box.id()], {
    via: ["sh", "-c", 'script --quiet --return --command "$*" /dev/null', "sh"],
  });
  t.match(typed.stdout, /^(character special file 0\r?\n){3}/, typed.stderr);
});
