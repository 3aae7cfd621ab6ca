// The socket that a created container waits at, and the sockets of callers.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstatSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { native } from "../../../src/host/native.js";
import { failsWith } from "../../helpers/native-error.js";
import { finish, shell, start } from "./fixtures.js";

const NO_SLOT = 0xffffffff;

/** A program that waits for `start` at dir/start.sock. */
function waiting(dir: string, text: string, output: number) {
  const listener = native().listenStart(dir, "start.sock");
  const steps = [{ op: "listen_start", slot: 0, state: NO_SLOT } as const, ...shell(text)];
  const spawned = start(steps, { slots: [listener], stdio: [0, output, 2] });
  native().close(listener);
  return spawned;
}

for (const [name, depth] of [
  ["a short path", 1],
  ["a path longer than an address", 20],
] as const) {
  t.test(`start, through ${name}`, async (t) => {
    const dir = join(t.testdir(), ...Array<string>(depth).fill("folder"));
    mkdirSync(dir, { recursive: true });
    t.equal(native().connectStart(dir, "start.sock"), null, "no socket yet");
    const output = native().memfd("output", "");
    const spawned = waiting(dir, "echo started", output);
    t.equal(lstatSync(join(dir, "start.sock")).mode & 0o777, 0o600);
    t.equal(native().readFile(`/proc/self/fd/${output}`), "");

    // Somebody asks whether it waits, and hangs up.
    const asking = native().connectStart(dir, "start.sock");
    t.type(asking, "number");
    native().close(asking!);

    const connection = native().connectStart(dir, "start.sock")!;
    native().answer(connection, -1);
    t.equal(native().receive(connection, 10_000), null, "the program runs");
    native().close(connection);
    t.equal(finish(spawned).status, 0);
    t.equal(native().readFile(`/proc/self/fd/${output}`), "started\n");
    t.equal(native().connectStart(dir, "start.sock"), null, "nobody listens any more");
    native().close(output);
  });
}

t.test("what fails after start comes over its connection", async (t) => {
  const dir = t.testdir();
  const listener = native().listenStart(dir, "start.sock");
  const steps = [
    { op: "listen_start", slot: 0, state: NO_SLOT },
    { op: "find_program", name: "/no/such/program", path: "" },
  ] as const;
  const spawned = start(steps, { slots: [listener] });
  native().close(listener);
  const connection = native().connectStart(dir, "start.sock")!;
  native().answer(connection, -1);
  t.match(native().receive(connection, 10_000), { kind: 4, step: 1, value: 2 });
  t.equal(native().receive(connection, 10_000), null);
  native().close(connection);
  finish(spawned);
});

t.test("a socket that is there already, or a directory that is not", async (t) => {
  const dir = t.testdir({ "start.sock": "" });
  t.throws(() => native().listenStart(dir, "start.sock"), failsWith("EADDRINUSE", "bind"));
  t.equal(native().connectStart(dir, "start.sock"), null, "a file that is no socket: nobody listens");
  t.throws(() => native().listenStart(join(dir, "none"), "start.sock"), failsWith("ENOENT"));
  t.equal(native().connectStart(join(dir, "none"), "start.sock"), null);
  t.equal(native().connectStart(join(dir, ...Array<string>(30).fill("none")), "start.sock"), null);
});

// Node can't receive descriptors.
const receiver = `
import array, os, socket, sys
os.chdir(os.path.dirname(sys.argv[1]))
server = socket.socket(socket.AF_UNIX)
server.bind("console.sock")
server.listen(1)
print("listening", flush=True)
connection, _ = server.accept()
text, control, flags, _ = connection.recvmsg(4096, socket.CMSG_SPACE(64))
fds = array.array("i")
for level, kind, data in control: fds.frombytes(data)
print(text, len(fds), os.read(fds[0], 100))
`;

for (const [name, depth] of [
  ["a short path", 1],
  ["a path longer than an address", 20],
] as const) {
  t.test(`a descriptor for a caller, through ${name}`, async (t) => {
    const dir = join(t.testdir(), ...Array<string>(depth).fill("folder"));
    mkdirSync(dir, { recursive: true });
    const path = join(dir, "console.sock");
    const child = spawn("python3", ["-c", receiver, path], { stdio: ["ignore", "pipe", "inherit"] });
    let printed = "";
    child.stdout.on("data", (chunk) => {
      printed += String(chunk);
    });
    await once(child.stdout, "data");
    const fd = native().memfd("x", "master");
    native().sendDescriptor(path, fd, "/dev/ptmx");
    native().close(fd);
    await once(child, "close");
    t.equal(printed, "listening\nb'/dev/ptmx' 1 b'master'\n");
    t.throws(() => native().sendDescriptor(path, 0, ""), failsWith("ECONNREFUSED", "connect", path));
  });
}

// Reads to the end of the stream, slowly at first.
const streamReader = `
import array, os, socket, sys, time
os.chdir(os.path.dirname(sys.argv[1]))
server = socket.socket(socket.AF_UNIX)
server.bind("agent.sock")
server.listen(1)
print("listening", flush=True)
connection, _ = server.accept()
time.sleep(0.2)
length, count = 0, 0
while True:
    text, control, flags, _ = connection.recvmsg(65536, socket.CMSG_SPACE(64))
    for level, kind, data in control: count += len(data) // 4
    if not text: break
    length += len(text)
print(length, count)
`;

t.test("a stream carries a long text whole, its descriptor once", async (t) => {
  const path = join(t.testdir(), "agent.sock");
  const child = spawn("python3", ["-c", streamReader, path], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  child.stdout.on("data", (chunk) => {
    printed += String(chunk);
  });
  await once(child.stdout, "data");
  const connection = native().connectStream(path, 5000);
  const fd = native().memfd("x", "seccompFd");
  native().sendStream(connection, "x".repeat(3_000_000), fd);
  native().close(fd);
  native().close(connection);
  await once(child, "close");
  t.equal(printed, "listening\n3000000 1\n");
});

t.test("a stream that nobody accepts or reads is given up", async (t) => {
  const dir = t.testdir();
  const path = join(dir, "agent.sock");
  const script = `
import os, socket, sys, time
os.chdir(os.path.dirname(sys.argv[1]))
server = socket.socket(socket.AF_UNIX)
server.bind("agent.sock")
server.listen(0)
print("listening", flush=True)
time.sleep(60)
`;
  const child = spawn("python3", ["-c", script, path], { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const connection = native().connectStream(path, 200);
  t.throws(() => native().sendStream(connection, "x".repeat(3_000_000), -1), failsWith("EAGAIN", "sendmsg"));
  t.throws(() => native().connectStream(path, 200), failsWith("EAGAIN", "connect", path), "the backlog is full");
  native().close(connection);
  t.throws(() => native().connectStream(join(dir, "none"), 200), failsWith("ENOENT", "connect", join(dir, "none")));
});
