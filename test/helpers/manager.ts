// A service manager as systemd is one: a datagram socket that hears notifications (sd_notify(3)).

import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import type { Sandbox } from "./sandbox.js";
import { until } from "./sandbox.js";

// Prints every message as one line of JSON. A barrier's descriptor is closed after `delay` seconds.
const listener = `
import array, json, os, socket, sys, time
address, delay = sys.argv[1], float(sys.argv[2])
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
manager.bind("\\0" + address[1:] if address[0] == "@" else address)
print(json.dumps({"listening": True}), flush=True)
while True:
    text, ancillary, _, _ = manager.recvmsg(65536, socket.CMSG_SPACE(4 * 64) + socket.CMSG_SPACE(12))
    fds, pid = array.array("i"), 0
    for level, kind, data in ancillary:
        if kind == socket.SCM_RIGHTS: fds.frombytes(data)
        if kind == socket.SCM_CREDENTIALS: pid = int.from_bytes(data[:4], sys.byteorder)
    print(json.dumps({"text": text.decode(), "fds": len(fds), "pid": pid}), flush=True)
    if fds: time.sleep(delay)
    for fd in fds: os.close(fd)
`;

export interface Notification {
  text: string;
  /** How many descriptors came along. */
  fds: number;
  /** Who sent it, as the kernel says. */
  pid: number;
}

export interface Manager {
  /** For $NOTIFY_SOCKET. */
  address: string;
  heard(): Notification[];
  /** All lines of all messages. */
  lines(): string[];
}

/** Starts a manager that ends with the test. */
export async function serviceManager(
  t: Test,
  box: Sandbox,
  { abstract = false, delay = 0 }: { abstract?: boolean; delay?: number } = {},
): Promise<Manager> {
  const name = `manager-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const address = abstract ? `@${name}` : join(box.dir, name);
  // A file: what was heard is there at once, even when a test has just waited without its event loop.
  const log = join(box.dir, `${name}.log`);
  const out = openSync(log, "w");
  const child = spawn("python3", ["-c", listener, address, String(delay)], { stdio: ["ignore", out, "inherit"] });
  closeSync(out);
  t.teardown(() => child.kill("SIGKILL"));
  const text = () => readFileSync(log, "utf8");
  await until("the manager listens", () => text().includes("\n"), 30_000);
  const heard = () =>
    text()
      .split("\n")
      .slice(1, -1)
      .map((line) => JSON.parse(line) as Notification);
  const lines = () => heard().flatMap((message) => message.text.split("\n").filter(Boolean));
  return { address, heard, lines };
}
