// The terminal relay: two pseudo-terminals, ours and the program's, with the foreground between them.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import t from "tap";

// What every scene starts with. `outer` is the master of the foreground's terminal: what a user
// types goes in there, and what a user sees comes out.
const stage = `
import fcntl, json, os, pty, select, signal, struct, sys, termios, time
node, foreground = sys.argv[1:3]
def size(fd, rows, columns): fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
def begin(text, redirect=None):
    outer, slave = pty.openpty()
    size(outer, 24, 80)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in range(3): os.dup2(slave, fd)
        if redirect: redirect()
        master, inner = pty.openpty()
        for fd in (master, inner): os.set_inheritable(fd, True)
        os.execv(node, [node, foreground, text, str(master), str(inner)])
    return pid, outer, slave
def modes(fd): return termios.tcgetattr(fd)[:4]
def until(fd, text, seen=b""):
    end = time.monotonic() + 10
    while text not in seen:
        if time.monotonic() > end: raise SystemExit("never saw %r, but %r" % (text, seen))
        if select.select([fd], [], [], 0.1)[0]: seen += os.read(fd, 65536)
    return seen
def rest(pid, fd, seen=b""):
    end = time.monotonic() + 10
    while True:
        if select.select([fd], [], [], 0.05)[0]: seen += os.read(fd, 65536); continue
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            while select.select([fd], [], [], 0.05)[0]: seen += os.read(fd, 65536)
            return os.waitstatus_to_exitcode(status), seen
        if time.monotonic() > end: os.kill(pid, 9); raise SystemExit("it does not end: %r" % seen)
def settled(fd, before):
    end = time.monotonic() + 10
    while modes(fd) == before:
        if time.monotonic() > end: raise SystemExit("raw mode never came")
        time.sleep(0.01)
`;

/** Plays a scene in Python. Out: what it says about itself. */
function play(scene: string): Record<string, unknown> {
  const foreground = fileURLToPath(new URL("./supervised.js", import.meta.url));
  const { stdout, stderr, status } = spawnSync("python3", ["-c", stage + scene, process.execPath, foreground], {
    encoding: "utf8",
    timeout: 30_000,
  });
  if (status !== 0) throw new Error(`${stderr}${stdout}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

t.test("typing, showing, raw mode and its end", async (t) => {
  const seen = play(`
pid, outer, slave = begin("read line; echo got $line; stty size; exit 4")
before = modes(slave)
settled(slave, before)
raw = termios.tcgetattr(slave)
os.write(outer, b"hello\\r")
code, seen = rest(pid, outer)
print(json.dumps({"code": code, "out": seen.decode(), "echo": bool(raw[3] & termios.ECHO), "isig": bool(raw[3] & termios.ISIG), "restored": modes(slave) == before}))`);
  t.match(seen, { code: 4, echo: false, isig: false, restored: true });
  t.match(seen.out, /hello\r\ngot hello\r\n24 80\r\n/);
});

t.test("keys that mean signals reach the program's terminal as they are", async (t) => {
  const seen = play(`
pid, outer, slave = begin("stty -isig -icanon -echo; echo on; exec head -c 3 | od -An -tx1")
seen = until(outer, b"on\\r\\n")
os.write(outer, b"\\x03\\x1a\\x1c")
code, seen = rest(pid, outer, seen)
print(json.dumps({"code": code, "out": seen.decode()}))`);
  t.match(seen, { code: 0, out: /03 1a 1c/ });
});

t.test("the window's size follows ours", async (t) => {
  const seen = play(`
pid, outer, slave = begin("trap 'stty size; exit 0' WINCH; echo on; while :; do sleep 0.05; done")
seen = until(outer, b"on\\r\\n")
until(outer, b"ready", seen)
time.sleep(0.1)
size(outer, 50, 132)
# The program's terminal is not its controlling one here: it is told by hand.
time.sleep(0.1)
for child in open("/proc/%d/task/%d/children" % (pid, pid)).read().split(): os.kill(int(child), signal.SIGWINCH)
code, seen = rest(pid, outer)
print(json.dumps({"code": code, "out": seen.decode()}))`);
  t.match(seen, { code: 0, out: /50 132/ });
});

t.test("all that was printed before the end is shown, and nothing twice", async (t) => {
  const seen = play(`
pid, outer, slave = begin("seq 1 20000; exit 0")
code, seen = rest(pid, outer)
numbers = [int(line) for line in seen.decode().replace("ready", "").split() if line.isdigit()]
print(json.dumps({"code": code, "right": numbers == list(range(1, 20001))}))`);
  t.match(seen, { code: 0, right: true });
});

t.test("a signal ends the program, and the terminal is put back", async (t) => {
  const seen = play(`
pid, outer, slave = begin("echo on; exec sleep 30")
before = modes(slave)
until(outer, b"on\\r\\n")
settled(slave, before)
os.kill(pid, signal.SIGTERM)
code, seen = rest(pid, outer)
print(json.dumps({"code": code, "restored": modes(slave) == before}))`);
  t.match(seen, { code: 143, restored: true });
});

t.test("stdin at its end: output goes on", async (t) => {
  const seen = play(`
pid, outer, slave = begin("sleep 0.2; echo later; exit 2", lambda: os.dup2(os.open("/dev/null", os.O_RDONLY), 0))
code, seen = rest(pid, outer)
print(json.dumps({"code": code, "out": seen.decode()}))`);
  t.match(seen, { code: 2, out: /later\r\n/ });
});

t.test("stdout that nobody reads: the program goes on to its end", async (t) => {
  const seen = play(`
def closed():
    read, write = os.pipe()
    os.close(read)
    os.dup2(write, 1)
pid, outer, slave = begin("seq 1 50000; exit 8", closed)
code, seen = rest(pid, outer)
print(json.dumps({"code": code}))`);
  t.match(seen, { code: 8 });
});

t.test("a pipe that is read slowly gets everything, and stays blocking", async (t) => {
  const seen = play(`
read, write = os.pipe()
pid, outer, slave = begin("seq 1 30000; exit 0", lambda: os.dup2(write, 1))
seen = b""
while True:
    if select.select([read], [], [], 0.3)[0]:
        seen += os.read(read, 5000); time.sleep(0.0005)
    else:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done: break
blocking = not fcntl.fcntl(write, fcntl.F_GETFL) & os.O_NONBLOCK
print(json.dumps({"code": os.waitstatus_to_exitcode(status), "right": seen.decode().split() == [str(i) for i in range(1, 30001)], "blocking": blocking}))`);
  t.match(seen, { code: 0, right: true, blocking: true });
});

t.test("signals are not held up by a terminal that stands still", async (t) => {
  const seen = play(`
pid, outer, slave = begin("yes")
before = modes(slave)
settled(slave, before)
time.sleep(0.3)  # nobody reads: everything is full
os.kill(pid, signal.SIGTERM)
time.sleep(0.2)
os.kill(pid, signal.SIGTERM)  # while the rest is shown: enough
end = time.monotonic() + 5
while time.monotonic() < end:
    done, status = os.waitpid(pid, os.WNOHANG)
    if done: break
    time.sleep(0.02)
else:
    os.kill(pid, 9)
    raise SystemExit("it hangs")
print(json.dumps({"code": os.waitstatus_to_exitcode(status), "restored": modes(slave) == before}))`);
  t.match(seen, { code: 143, restored: true });
});

t.test("without a terminal there is no raw mode to enter", async (t) => {
  const seen = play(`
import subprocess
master, inner = pty.openpty()
for fd in (master, inner): os.set_inheritable(fd, True)
done = subprocess.run([node, foreground, "exit 0", str(master), str(inner)], close_fds=False, start_new_session=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
print(json.dumps({"code": done.returncode, "out": done.stderr}))`);
  t.match(seen, { code: 1, out: /open \/dev\/tty: no such device or address/ });
});
