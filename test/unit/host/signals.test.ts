// Signals by name and number.

import { constants } from "node:os";
import t from "tap";
import { parseSignal, signalName } from "../../../src/host/signals.js";

t.test("every name that this machine has", async (t) => {
  for (const [name, number] of Object.entries(constants.signals)) {
    t.equal(parseSignal(name), number, name);
    t.equal(parseSignal(name.slice(3).toLowerCase()), number);
    t.equal(parseSignal(String(number)), number);
    t.equal(parseSignal(signalName(number)), number);
  }
});

t.test("forms", async (t) => {
  for (const text of ["TERM", "SIGTERM", "term", "SigTerm", "15"]) t.equal(parseSignal(text), 15, text);
  t.equal(parseSignal("0"), 0);
  t.equal(parseSignal("CLD"), 17);
});

t.test("real-time signals", async (t) => {
  t.equal(parseSignal("SIGRTMIN"), 34);
  t.equal(parseSignal("rtmin+3"), 37);
  t.equal(parseSignal("RTMIN+30"), 64);
  t.equal(parseSignal("SIGRTMAX"), 64);
  t.equal(parseSignal("RTMAX-30"), 34);
  t.equal(signalName(37), "SIGRTMIN+3");
  t.equal(signalName(34), "SIGRTMIN");
  t.equal(signalName(33), "33");
});

t.test("anything else is refused", async (t) => {
  const wrong = [
    "",
    "FOO",
    "SIG",
    "SIGSIGTERM",
    "65",
    "-1",
    "+9",
    "09",
    "0x9",
    "9 ",
    " 9",
    "1e1",
    "9.0",
    "RTMIN+31",
    "RTMIN-1",
    "RTMAX+1",
    "RTMAX-31",
    "RTMIN+",
    "RTMIN+03",
    "constructor",
    "__proto__",
  ];
  for (const text of wrong) t.throws(() => parseSignal(text), { message: `unknown signal "${text}"` }, text);
});
