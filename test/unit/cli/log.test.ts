// Log lines have the exact shapes that containerd, CRI-O and conmon parse.

import t from "tap";
import { journalEntry, syslogLine } from "../../../src/cli/log-service.js";
import { logLine, quoteValue } from "../../../src/cli/log.js";

const TIME = "2026-08-01T10:20:30Z";

t.test("text is logrus's", async (t) => {
  t.equal(
    logLine("error", "container does not exist", "text", TIME),
    `time="${TIME}" level=error msg="container does not exist"\n`,
  );
  t.equal(logLine("warning", "plain", "text", TIME), `time="${TIME}" level=warning msg=plain\n`);
});

t.test("values are quoted as Go does", async (t) => {
  t.equal(quoteValue('exec: "sh": no'), '"exec: \\"sh\\": no"');
  t.equal(quoteValue("a\nb\tc\\d\x1b\x7f"), '"a\\nb\\tc\\\\d\\x1b\\x7f"');
  t.equal(quoteValue("mounts → proc"), '"mounts → proc"');
  t.equal(quoteValue("a\u0085b\u2028c"), '"a\\u0085b\\u2028c"');
  t.equal(quoteValue(""), '""');
  t.equal(quoteValue("/a/b-c_d.e@f^g+h"), "/a/b-c_d.e@f^g+h");
});

t.test("JSON is one object a line, in this order", async (t) => {
  const line = logLine("error", 'a "b"\n', "json", TIME);
  t.equal(line, `{"level":"error","msg":"a \\"b\\"\\n","time":"${TIME}"}\n`);
  t.same(JSON.parse(line), { level: "error", msg: 'a "b"\n', time: TIME });
});

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

t.test("an entry of the journal", async (t) => {
  t.equal(
    textOf(journalEntry(3, "runt", "a plain error")),
    `PRIORITY=3\nSYSLOG_IDENTIFIER=runt\nSYSLOG_PID=${process.pid}\nMESSAGE=a plain error\n`,
  );
  const entry = textOf(journalEntry(4, "x\nPRIORITY=0", "two\nMESSAGE=lines →"));
  t.match(entry, "SYSLOG_IDENTIFIER\n\x0c\0\0\0\0\0\0\0x\nPRIORITY=0\n", "its length in bytes, little endian");
  t.match(entry, "MESSAGE\n\x15\0\0\0\0\0\0\0two\nMESSAGE=lines \xe2\x86\x92\n");
});

t.test("a line of syslog", async (t) => {
  const now = new Date(2026, 7, 3, 4, 5, 6);
  t.equal(syslogLine(3, "web", "gone →", now), `<11>Aug  3 04:05:06 web[${process.pid}]: gone →`);
  t.equal(syslogLine(7, "web", "a\n<0>b\x1b\tc", now), `<15>Aug  3 04:05:06 web[${process.pid}]: a\\n<0>b\\x1b\tc`);
});
