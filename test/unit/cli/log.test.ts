// Log lines have the exact shapes that containerd, CRI-O and conmon parse.

import t from "tap";
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
