// A seccomp agent: listens at a socket, takes the container process state with its descriptor, and
// answers the system calls that wait there.

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Test } from "tap";
import { type Sandbox, until } from "./sandbox.js";

// One line of JSON for each connection, and one for each call that it answers: mkdir and mkdirat
// fail with ENOMEDIUM, everything else goes on as if nothing had happened (Linux 5.5). seccomp_unotify(2).
const program = `
import array, fcntl, json, os, socket, struct, sys, threading
RECEIVE, SEND = 0xc0502100, 0xc0182101
def say(**what):
    print(json.dumps(what), flush=True)
def serve(listener):
    while True:
        try:
            request = bytearray(80)
            fcntl.ioctl(listener, RECEIVE, request)
            number, _, _, call = struct.unpack_from("QIIi", request)
            refused = call in (83, 258, 34)
            say(call=call)
            fcntl.ioctl(listener, SEND, struct.pack("QqiI", number, 0, -123 if refused else 0, 0 if refused else 1))
        except FileNotFoundError:
            continue  # it was killed meanwhile
        except OSError:
            return
def take(connection):
    text, ancillary, flags, _ = connection.recvmsg(65536, socket.CMSG_SPACE(4 * 8))
    fds = array.array("i")
    for level, kind, data in ancillary:
        if kind == socket.SCM_RIGHTS: fds.frombytes(data)
    connection.settimeout(5)
    rest = b""
    while True:
        more = connection.recv(65536)
        if not more: break
        rest += more
    links = [os.readlink("/proc/self/fd/%d" % fd) for fd in fds]
    say(state=json.loads(text + rest), links=links, messages=1 if not rest else 2)
    for fd in fds: threading.Thread(target=serve, args=(fd,), daemon=True).start()
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(8)
print(flush=True)
while True:
    connection, _ = server.accept()
    threading.Thread(target=take, args=(connection,), daemon=True).start()
`;

/** What came over one connection. */
export interface Told {
  /** The document. */
  state: { ociVersion: string; fds: string[]; pid: number; metadata?: string; state: Record<string, unknown> };
  /** What the descriptors are. */
  links: string[];
  messages: number;
}

export interface Agent {
  path: string;
  /** The connections so far. */
  told(): Told[];
  /** The numbers of the calls that it was asked about. */
  calls(): number[];
  child: ChildProcess;
}

/** Starts an agent that ends with the test. */
export async function agent(t: Test, box: Sandbox): Promise<Agent> {
  const path = join(box.dir, `agent-${Math.random().toString(36).slice(2)}`);
  const child = spawn("python3", ["-c", program, path], { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => child.kill("SIGKILL"));
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  await until("the agent listens", () => text.includes("\n"));
  const lines = () =>
    text
      .split("\n")
      .slice(1, -1)
      .map((line) => JSON.parse(line));
  return {
    path,
    child,
    told: () => lines().filter(({ state }) => state),
    calls: () => lines().flatMap(({ call }) => (call === undefined ? [] : [call])),
  };
}
