// criu's messages as bytes. The expected ones were made by hand from the protocol's numbers (images/rpc.proto of criu),
// and by criu's own Python module where that is installed.

import { spawnSync } from "node:child_process";
import t from "tap";
import {
  CGROUP_MODES,
  decodeResponse,
  DUMP,
  encodeRequest,
  FEATURE_CHECK,
  NOTIFY,
  RESTORE,
  VERSION,
} from "../../../src/criu/messages.js";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));

t.test("requests", async (t) => {
  t.equal(hex(encodeRequest({ type: VERSION })), "080a");
  t.equal(hex(encodeRequest({ type: NOTIFY, notifySuccess: true })), "08061801");
  t.equal(hex(encodeRequest({ type: FEATURE_CHECK, features: { memTrack: true } })), "08092a020801");
  t.equal(
    hex(encodeRequest({ type: DUMP, opts: { imagesDirFd: 7, pid: 300, leaveRunning: false, logFile: "a" } })),
    "0801120a080710ac0218005201".concat("61"),
    "what is false is sent; what is not said is not",
  );
  t.equal(
    hex(encodeRequest({ type: RESTORE, opts: { extMnt: [{ key: "m0", val: "/x" }], external: ["a", "b"] } })),
    "08021213ba01080a026d3012022f78aa020161aa020162",
  );
  t.equal(CGROUP_MODES.ignore, 0);
});

t.test("responses", async (t) => {
  t.same(decodeResponse(bytes("0801 1001")), { type: DUMP, success: true });
  t.same(decodeResponse(bytes("0801 1000 3810 4a03 616263")), {
    type: DUMP,
    success: false,
    errno: 16,
    message: "abc",
  });
  t.same(decodeResponse(bytes("0802 1001 2203 08ac02")), { type: RESTORE, success: true, restoredPid: 300 });
  t.same(decodeResponse(bytes("0806 1001 2a06 0a02 6162 1007")), {
    type: NOTIFY,
    success: true,
    notify: { script: "ab", pid: 7 },
  });
  t.same(decodeResponse(bytes("080a 1001 5206 0803 1011 2001")), {
    type: VERSION,
    success: true,
    version: { major: 3, minor: 17, sublevel: 1 },
  });
  t.same(decodeResponse(bytes("0809 1001 4204 0801 1000")).features, { memTrack: true, lazyPages: false });
  t.same(
    decodeResponse(bytes("0801 1001 f8070a")),
    { type: DUMP, success: true },
    "fields of a newer criu are passed over",
  );
});

// Debian's module is for Debian's Python.
const python = "/usr/bin/python3";
const imports = "from pycriu import rpc_pb2 as rpc; from google.protobuf.json_format import MessageToDict";
const missing = spawnSync(python, ["-c", imports]).status === 0 ? false : "no pycriu here (it comes with criu)";

t.test("criu's own Python reads what is written", { skip: missing }, async (t) => {
  const request = {
    type: RESTORE,
    opts: {
      imagesDirFd: 5,
      workDirFd: 6,
      root: "/run/root",
      rstSibling: true,
      shellJob: true,
      logLevel: 4,
      extMnt: [
        { key: "m0", val: "/etc/hosts" },
        { key: "m1", val: "/dev/null" },
      ],
      cgRoot: [{ ctrl: "", path: "/a" }],
      inheritFd: [{ key: "pipe:[1]", fd: 1 }],
      joinNs: [{ ns: "ipc", nsFile: "/proc/1/ns/ipc" }],
      manageCgroupsMode: CGROUP_MODES.strict,
      external: ["net[12]:extRootNetNS"],
      emptyNs: 0x40000000,
      pageServer: { address: "127.0.0.1", port: 27 },
      lsmProfile: "apparmor:x",
      lsmMountContext: "c",
      orphanPtsMaster: true,
      configFile: "/etc/criu/runc.conf",
    },
  };
  const script = `${imports}
import sys, json
message = rpc.criu_req(); message.ParseFromString(bytes.fromhex(sys.argv[1]))
print(json.dumps(MessageToDict(message)))`;
  const { stdout } = spawnSync(python, ["-c", script, hex(encodeRequest(request))], { encoding: "utf8" });
  const { pageServer, ...rest } = request.opts;
  t.same(JSON.parse(stdout), {
    type: "RESTORE",
    opts: { ...rest, ps: pageServer, manageCgroupsMode: "STRICT" },
  });
});
