// The terminal relay: two pseudo-terminals, ours and the program's, with the foreground between them.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import t from "tap";

// What every scene starts with. `outer` is the master of the foreground's terminal: what a user
// types goes in there, and what a user sees comes out.
const stage = `
import fcntl, hashlib, json, os, pty, select, shutil, signal, struct, sys, tempfile, termios, time
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
        master, inner = program_terminal()
        os.execv(node, [node, foreground, text.replace("INNER", os.ttyname(inner)), str(master), str(inner)])
    return pid, outer, slave
def program_terminal():
    master, inner = pty.openpty()
    for fd in (master, inner): os.set_inheritable(fd, True)
    attributes = termios.tcgetattr(inner)
    attributes[1] &= ~termios.ONLCR  # as runt-init makes them
    termios.tcsetattr(inner, termios.TCSANOW, attributes)
    return master, inner
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
  t.match(seen.out, /hello\r\ngot hello\r\n24 80\r\n/, "each line begins at the left, and no CR is doubled");
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

t.test("the end of a file on stdin is an end of file for the program, after a whole line and within one", async (t) => {
  for (const text of ["one\\ntwo\\n", "one\\ntwo"]) {
    const seen = play(`
read, write = os.pipe()
os.write(write, b"${text}")
os.close(write)
pid, outer, slave = begin("cat > /dev/null; echo ended; exit 6", lambda: os.dup2(read, 0))
before = modes(slave)
seen = until(outer, b"ended")
same = modes(slave) == before
code, seen = rest(pid, outer, seen)
print(json.dumps({"code": code, "same": same}))`);
    t.match(seen, { code: 6, same: true }, "no raw mode: keys do not come from the terminal");
  }
});

t.test("stdout that nobody reads: the program's terminal hangs up", async (t) => {
  const seen = play(`
def closed():
    read, write = os.pipe()
    os.close(read)
    os.dup2(write, 1)
pid, outer, slave = begin("yes; exit 8", closed)
before = modes(slave)
code, seen = rest(pid, outer)
print(json.dumps({"code": code, "restored": modes(slave) == before}))`);
  t.match(seen, { code: 8, restored: true });
});

t.test("a program that closes its terminal and opens it again is still seen", async (t) => {
  const seen = play(`
pid, outer, slave = begin("echo first; exec 0<&- 1>&- 2>&-; sleep 0.3; exec < INNER > INNER; echo second; read line; echo got $line")
seen = until(outer, b"first")
seen = until(outer, b"second", seen)
os.write(outer, b"word\\r")
code, seen = rest(pid, outer, seen)
print(json.dumps({"code": code, "out": seen.decode()}))`);
  t.match(seen, { code: 0, out: /got word/ });
});

t.test("a huge paste and a lot of output at once", async (t) => {
  const seen = play(`
size_in = 1000000
pid, outer, slave = begin("stty raw -echo; echo on; (seq 1 60000) & sleep 0.3; head -c %d | md5sum; wait" % size_in)
before = modes(slave)
seen = until(outer, b"on\\r\\n")
until(outer, b"ready", seen)
time.sleep(0.2)
paste = bytes(65 + i * 7 % 26 for i in range(size_in))
os.set_blocking(outer, False)
sent, end = 0, time.monotonic() + 20
while time.monotonic() < end and (sent < size_in or b"-" not in seen):
    readable, writable, _ = select.select([outer], [outer] if sent < size_in else [], [], 0.2)
    if writable: sent += os.write(outer, paste[sent:sent + 20000])
    if readable: seen += os.read(outer, 65536)
os.set_blocking(outer, True)
code, seen = rest(pid, outer, seen)
print(json.dumps({"code": code, "right": hashlib.md5(paste).hexdigest().encode() in seen, "last": b"60000" in seen}))`);
  t.match(seen, { code: 0, right: true, last: true });
});

t.test("a program that reads nothing costs no time", async (t) => {
  const seen = play(`
pid, outer, slave = begin("stty raw -echo; echo on; exec sleep 30")
seen = until(outer, b"on\\r\\n")
until(outer, b"ready", seen)
time.sleep(0.2)
os.set_blocking(outer, False)
try:
    for _ in range(200): os.write(outer, b"x" * 4096); time.sleep(0.001)
except BlockingIOError: pass
def cpu(): return sum(map(int, open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()[11:13]))
before = cpu()
time.sleep(1)
used = cpu() - before
os.kill(pid, signal.SIGTERM)
code, seen = rest(pid, outer)
print(json.dumps({"code": code, "idle": used < 20, "used": used}))`);
  t.match(seen, { code: 143, idle: true }, `${seen.used} ticks`);
});

t.test("the program is killed: the terminal is put back", async (t) => {
  const seen = play(`
pid, outer, slave = begin("echo on; kill -KILL $$")
before = modes(slave)
code, seen = rest(pid, outer)
print(json.dumps({"code": code, "restored": modes(slave) == before}))`);
  t.match(seen, { code: 137, restored: true });
});

t.test("job control: stopped in the background, raw only in the foreground", async (t) => {
  const seen = play(`
# A shell: its job is in the background first, then in the foreground, then it takes the terminal back.
folder = tempfile.mkdtemp()
outer, slave = pty.openpty()
size(outer, 24, 80)
shell = os.fork()
if shell == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    before = modes(slave)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        for fd in range(3): os.dup2(slave, fd)
        master, inner = program_terminal()
        os.execv(node, [node, foreground, "trap 'exit 5' USR1; : > %s/ready; while :; do sleep 0.05; done" % folder, str(master), str(inner)])
    said = {}
    def wait_stop():
        done, status = os.waitpid(job, os.WUNTRACED)
        return os.WIFSTOPPED(status) and os.WSTOPSIG(status)
    said["stopped"] = wait_stop() == signal.SIGTTOU
    said["cooked"] = modes(slave) == before
    os.tcsetpgrp(slave, job)
    os.killpg(job, signal.SIGCONT)
    settled(slave, before)
    raw = modes(slave)
    # As after ^Z in a program: the shell puts its modes back, then continues the job.
    os.kill(job, signal.SIGSTOP)
    wait_stop()
    os.tcsetpgrp(slave, os.getpgrp())
    termios.tcsetattr(slave, termios.TCSANOW, before + termios.tcgetattr(slave)[4:])
    os.tcsetpgrp(slave, job)
    os.killpg(job, signal.SIGCONT)
    settled(slave, before)
    said["again"] = modes(slave) == raw
    # It ends in the background: whatever the shell has set by then stays.
    os.tcsetpgrp(slave, os.getpgrp())
    other = list(before)
    other[3] &= ~termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, other + termios.tcgetattr(slave)[4:])
    while not os.path.exists(folder + "/ready"): time.sleep(0.01)
    os.kill(job, signal.SIGUSR1)
    done, status = os.waitpid(job, 0)
    said["code"] = os.waitstatus_to_exitcode(status)
    shutil.rmtree(folder)
    said["untouched"] = modes(slave) == other
    print(json.dumps(said), flush=True)
    os._exit(0)
seen = b""
end = time.monotonic() + 15
while True:
    if select.select([outer], [], [], 0.05)[0]: seen += os.read(outer, 65536)
    done, status = os.waitpid(shell, os.WNOHANG)
    if done: break
    if time.monotonic() > end: os.killpg(shell, 9); raise SystemExit("it hangs: %r" % seen)`);
  t.match(seen, { stopped: true, cooked: true, again: true, code: 5, untouched: true });
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
master, inner = program_terminal()
done = subprocess.run([node, foreground, "exit 0", str(master), str(inner)], close_fds=False, start_new_session=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
print(json.dumps({"code": done.returncode, "out": done.stderr}))`);
  t.match(seen, { code: 1, out: /open \/dev\/tty: no such device or address/ });
});
