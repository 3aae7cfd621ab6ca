// Command lines follow Go's flag package, with the messages that callers know from runc.

import tap from "tap";
import { findCommand, flagsOf, GLOBAL_FLAGS, type Flag } from "../../../src/cli/flags.js";
import { parseLine } from "../../../src/cli/parse.js";

const FLAGS: readonly Flag[] = [
  { name: "bundle", short: "b", kind: "text", help: "" },
  { name: "detach", short: "d", kind: "bool", help: "" },
  { name: "no-pivot", kind: "bool", help: "" },
  { name: "preserve-fds", kind: "integer", default: 0, min: 0, help: "" },
  { name: "env", short: "e", kind: "list", help: "" },
  { name: "interval", kind: "duration", default: "5s", help: "" },
  { name: "format", kind: "text", default: "table", help: "" },
];

const parse = (...words: string[]) => parseLine(words, FLAGS);

function refuses(t: Pick<typeof tap, "throws">, words: string[], message: string) {
  t.throws(() => parse(...words), { name: "UsageError", message }, words.join(" "));
}

tap.test("long names with one dash or two, a value beside or behind an equals sign", async (t) => {
  for (const words of [
    ["--bundle", "/b"],
    ["-bundle", "/b"],
    ["--bundle=/b"],
    ["-bundle=/b"],
    ["-b", "/b"],
    ["-b=/b"],
    ["--b", "/b"],
  ]) {
    t.equal(parse(...words).options.text("bundle"), "/b", words.join(" "));
  }
  t.equal(parse("--bundle=a=b").options.text("bundle"), "a=b", "only the first equals sign counts");
  t.equal(parse("--bundle", "--detach").options.text("bundle"), "--detach", "a value may look like a flag");
  t.equal(parse("--bundle", "a", "--bundle", "b").options.text("bundle"), "b", "the last one counts");
  t.equal(parse("--bundle=").options.text("bundle"), undefined, "an empty text is no text");
  t.equal(parse().options.text("format"), "table", "default");
});

tap.test("booleans", async (t) => {
  t.equal(parse("-d").options.bool("detach"), true);
  t.equal(parse("--detach=false").options.bool("detach"), false);
  t.equal(parse("--detach=T").options.bool("detach"), true);
  t.equal(parse().options.bool("detach"), false);
  t.equal(parse("--no-pivot").options.bool("no-pivot"), true, "a name with no- is a name like any other");
  t.same(parse("-d", "false").positionals, ["false"], "a boolean takes no value beside it");
});

tap.test("lists are repeated, commas are no separators", async (t) => {
  t.same(parse("-e", "A=1,2", "--env", "B=", "--env=-1").options.list("env"), ["A=1,2", "B=", "-1"]);
  t.same(parse().options.list("env"), []);
});

tap.test("numbers and durations keep their type", async (t) => {
  t.equal(parse("--preserve-fds", "3").options.integer("preserve-fds"), 3);
  t.equal(parse().options.integer("preserve-fds"), 0);
  t.equal(parse("--interval=1m").options.duration("interval"), 60_000);
  t.equal(parse().options.duration("interval"), 5000);
});

tap.test("flags may follow positionals, until --", async (t) => {
  const parsed = parse("ct", "-d", "--", "-b", "--");
  t.same(parsed.positionals, ["ct", "-b", "--"]);
  t.equal(parsed.options.bool("detach"), true);
  t.equal(parsed.options.given("bundle"), false);
  t.same(parse("-", "").positionals, ["-", ""], "a lone dash and an empty word are positionals");
});

tap.test("where an inner command line follows, the first positional ends the flags", async (t) => {
  const parsed = parseLine(["-d", "ct", "-b", "x"], FLAGS, { stopsAtPositional: true });
  t.same(parsed.positionals, ["ct", "-b", "x"]);
  t.equal(parsed.options.given("bundle"), false);
});

tap.test("what is wrong is said in Go's words", async (t) => {
  refuses(t, ["--bad"], "flag provided but not defined: -bad");
  refuses(t, ["-bad=1"], "flag provided but not defined: -bad");
  refuses(t, ["-dd"], "flag provided but not defined: -dd");
  refuses(t, ["--__proto__=1"], "flag provided but not defined: -__proto__");
  refuses(t, ["---d"], "bad flag syntax: ---d");
  refuses(t, ["--=x"], "bad flag syntax: --=x");
  refuses(t, ["ct", "-b"], "flag needs an argument: -b");
  refuses(t, ["--detach=foo"], 'invalid boolean value "foo" for -detach: parse error');
  refuses(t, ["--preserve-fds", "x"], 'invalid value "x" for flag -preserve-fds: parse error');
  refuses(t, ["--preserve-fds", "0x1"], 'invalid value "0x1" for flag -preserve-fds: parse error');
  refuses(t, ["--preserve-fds=-1"], 'invalid value "-1" for flag -preserve-fds: must be at least 0');
  refuses(t, ["--interval", "5"], 'invalid value "5" for flag -interval: parse error');
});

tap.test("a flag that the table has not is a bug, not an absent flag", async (t) => {
  t.throws(() => parse().options.bool("nonesuch"), /no flag of that name/);
});

tap.test("real commands", async (t) => {
  const run = findCommand("run")!;
  const parsed = parseLine(["web1", "-d", "-b", "/srv/web", "--preserve-fds=2"], flagsOf(run), run);
  t.same(parsed.positionals, ["web1"]);
  t.equal(parsed.options.text("bundle"), "/srv/web");
  const kill = findCommand("kill")!;
  t.same(parseLine(["web1", "-9"], flagsOf(kill), kill).positionals, ["web1", "-9"]);
  const global = parseLine(["--root", "/r", "--debug", "run", "--root"], GLOBAL_FLAGS, { stopsAtPositional: true });
  t.same(global.positionals, ["run", "--root"]);
});
