// Not a test: the foreground of supervise.test.ts, as a process of its own that can be signalled.
//
//   node supervised.js TEXT [MASTER]     prints "ready" on stderr; exit code as supervise gives it

import { native } from "../../../src/host/native.js";
import { shell, start } from "./fixtures.js";

const [text = "", master = "-1", slave = "-1"] = process.argv.slice(2);
const addon = native();
addon.catchSignals(text.startsWith("#subreaper"));
const terminal = Number(slave);
const steps = [{ op: "set_session" } as const, ...shell(text)];
const stdio = terminal >= 0 ? ([terminal, terminal, terminal] as const) : ([0, 1, 2] as const);
const { pid, pidfd, channel } = start(steps, { stdio });
addon.close(terminal);
while (addon.receive(channel, 10_000) !== null);
addon.writeFd(2, "ready\n");
const options = { pid, pidfd, master: Number(master), subreaper: text.startsWith("#subreaper") };
addon.exit(addon.supervise(options));
