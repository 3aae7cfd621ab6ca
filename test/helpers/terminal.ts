// Callers of terminals: a console socket that takes a pty's master, and runt under a terminal of its own.

import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sandbox } from "./sandbox.js";
import { runtime, until } from "./sandbox.js";

// Takes one connection, receives a descriptor (SCM_RIGHTS), then relays: what is typed to it, and what
// it prints until end of file, as JSON. Node can't receive descriptors on a stream socket.
const receiver = `
import array, json, os, socket, sys, termios, fcntl, struct
path, typed = sys.argv[1], sys.argv[2]
server = socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen(1)
print("listening", flush=True)
connection, _ = server.accept()
text, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4 * 8))
fds = array.array("i")
for level, kind, data in ancillary:
    if kind == socket.SCM_RIGHTS: fds.frombytes(data)
master = fds[0]
rows, columns = struct.unpack("HHHH", fcntl.ioctl(master, termios.TIOCGWINSZ, b"\\0" * 8))[:2]
onlcr = bool(termios.tcgetattr(master)[1] & termios.ONLCR)
if typed: os.write(master, typed.encode())
out = b""
while True:
    try: chunk = os.read(master, 65536)
    except OSError: break
    if not chunk: break
    out += chunk
print(json.dumps({"name": text.decode(errors="replace"), "count": len(fds), "rows": rows, "columns": columns, "onlcr": onlcr, "out": out.decode(errors="replace")}))
`;

export interface Received {
  name: string;
  count: number;
  rows: number;
  columns: number;
  onlcr: boolean;
  out: string;
}

/** Listens at a console socket; `received` gives what came once the terminal has ended. */
export async function consoleSocket(box: Sandbox, typed = ""): Promise<{ path: string; received: Promise<Received> }> {
  const path = join(box.dir, `console-${Math.random().toString(36).slice(2)}`);
  const child = spawn("python3", ["-c", receiver, path, typed], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), 30_000);
  const received = new Promise<Received>((done, failed) => {
    child.on("close", () => {
      clearTimeout(timer);
      try {
        done(JSON.parse(text.slice("listening\n".length)) as Received);
      } catch {
        failed(new Error(`the console socket got nothing: ${text}`));
      }
    });
  });
  received.catch(() => {});
  await until("the console socket listens", () => text.startsWith("listening\n"));
  return { path, received };
}

/** Runs the runtime with a terminal of its own (script(1)): what the terminal showed, and the exit status. */
export function underTerminal(box: Sandbox, args: string[], input = ""): { status: number | null; shown: string } {
  const log = join(box.dir, `typescript-${Math.random().toString(36).slice(2)}`);
  const quoted = [runtime, "--root", box.root, ...args].map((word) => `'${word}'`).join(" ");
  const { status } = spawnSync("script", ["--quiet", "--flush", "--return", "--command", quoted, log], {
    input,
    timeout: 30_000,
    killSignal: "SIGKILL",
  });
  const shown = readFileSync(log, "utf8")
    .replace(/^Script started.*\n/, "")
    .replace(/\n*Script done.*\n$/, "")
    // script(1) types an end of file, when its input has ended; a terminal that echoes may show it.
    .replace(/\^[@D](\x08\x08)?/g, "");
  return { status, shown };
}

// Runs a command on a new terminal of a given size, as its session's leader, and reads to the end.
const emulator = `
import fcntl, json, os, pty, select, struct, sys, termios, time
rows, columns, typed, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
modes = termios.tcgetattr(slave)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in range(3): os.dup2(slave, fd)
    os.execv(command[0], command)
if typed: os.write(master, typed.encode())
shown, status, end = b"", None, time.monotonic() + 30
while True:
    if select.select([master], [], [], 0.02)[0]: shown += os.read(master, 65536)
    elif status is not None: break
    else:
        done, value = os.waitpid(pid, os.WNOHANG)
        if done: status = os.waitstatus_to_exitcode(value)
        elif time.monotonic() > end: os.kill(pid, 9); break
print(json.dumps({"status": status, "shown": shown.decode(errors="replace"), "restored": termios.tcgetattr(slave) == modes}))
`;

export interface Screen {
  status: number | null;
  /** Every byte that came to the screen. */
  shown: string;
  /** The terminal's modes are at the end what they were. */
  restored: boolean;
}

/** Runs the runtime on a terminal of that size: all that came to the screen, byte by byte. */
export function onScreen(box: Sandbox, args: string[], size: [rows: number, columns: number], typed = ""): Screen {
  const words = ["-c", emulator, ...size.map(String), typed, runtime, "--root", box.root, ...args];
  const { stdout, stderr } = spawnSync("python3", words, { encoding: "utf8", timeout: 40_000 });
  try {
    return JSON.parse(stdout) as Screen;
  } catch {
    throw new Error(`the emulator failed: ${stderr}`);
  }
}
