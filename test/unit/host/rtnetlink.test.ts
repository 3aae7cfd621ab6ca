import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import t from "tap";
import { native } from "../../../src/host/native.js";
import {
  addressBody,
  addressesOf,
  devicesOf,
  findDevice,
  listAddresses,
  listDevices,
} from "../../../src/host/rtnetlink.js";
import { tools } from "../../helpers/sandbox.js";

/** Bytes from hexadecimal digits; blanks are for readers. */
const bytes = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ""), "hex"));

// One RTM_NEWADDR of 192.0.2.1/24 on device 7, label "v0:x", flags 0x80 and IFA_F_NOPREFIXROUTE (0x200).
const ADDRESS = bytes(`
  44000000 1400 0200 00000000 00000000
  02 18 80 00 07000000
  0800 0100 c0000201
  0800 0200 c0000201
  0900 0300 76303a7800 000000
  0800 0800 80020000
  0600 0b00 0300 0000`);

t.test("addresses are read, with the flags that do not fit into a byte", async (t) => {
  const [address, ...others] = addressesOf(ADDRESS);
  t.equal(others.length, 0);
  t.match(address, { device: 7, family: 2, prefix: 24, scope: 0, flags: 0x280 });
  t.same(
    address!.attributes.map(([type]) => type),
    [1, 2, 3, 8, 11],
  );
});

t.test("an address is written for another device: relabelled, without what the kernel finds out itself", async (t) => {
  const [address] = addressesOf(ADDRESS);
  t.same(
    Buffer.from(addressBody(9, address!, "eth0")).toString("hex"),
    Buffer.from(
      bytes(`
        02 18 00 00 09000000
        0800 0800 00020000
        0800 0100 c0000201
        0800 0200 c0000201
        0b00 0300 657468303a7800 00
        0600 0b00 0300 0000`),
    ).toString("hex"),
  );
});

t.test("answers that are cut off end the reading", async (t) => {
  t.same(addressesOf(new Uint8Array(0)), []);
  t.same(addressesOf(bytes("00000000 1400 0200 00000000 00000000")), []);
  t.same(devicesOf(bytes("04000000 1000 0200 00000000 00000000")), []);
});

t.test("the kernel's own answers", async (t) => {
  const lo = findDevice(-1, "lo");
  t.match(lo, { name: "lo", index: 1 });
  t.same(
    listDevices(-1).find(({ name }) => name === "lo"),
    lo,
  );
  t.equal(findDevice(-1, "no-such-device"), null);
  for (const { device } of listAddresses(-1, 1)) t.equal(device, 1);
});

t.test("what the kernel refuses is thrown with its errno, and bad arguments before any call", async (t) => {
  t.throws(() => native().rtnetlink(-1, new Uint8Array(3)), { code: "EINVAL" });
  t.throws(() => native().rtnetlink(-1, bytes("10000000 ffff 0500 00000000 00000000")), { code: "EOPNOTSUPP" });
  t.throws(() => native().rtnetlink("0" as never, new Uint8Array(16)), TypeError);
  t.throws(() => native().rtnetlink(999999, new Uint8Array(16)), { code: "EBADF", syscall: "setns" });
});

const forging = process.geteuid?.() === 0 ? {} : { skip: "sending to another process's netlink socket needs root" };

t.test("answers are the kernel's: whoever else sends to the socket is passed over", forging, async (t) => {
  const real = JSON.stringify(listDevices(-1));
  // As a container with CAP_NET_ADMIN can, in a network namespace that runt moves devices into.
  const forger = spawn(join(tools, "forge"), [String(process.pid)], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  forger.stdout.on("data", (text) => {
    said += text;
  });
  const ended = once(forger, "exit");
  await once(forger.stdout, "data");
  const wrong = new Set<string>();
  for (const end = Date.now() + 5000; forger.exitCode === null && Date.now() < end; ) {
    for (let i = 0; i < 500; i++) {
      try {
        const seen = JSON.stringify(listDevices(-1));
        if (seen !== real) wrong.add(seen);
      } catch (error) {
        // What is forged has filled the queue: an error is right.
        if ((error as { code?: string }).code !== "ENOBUFS") throw error;
      }
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  forger.kill("SIGTERM");
  await ended;
  t.same([...wrong], []);
  t.match(said, /^ready\nsent [1-9]/, "and something was sent that came in");
});
