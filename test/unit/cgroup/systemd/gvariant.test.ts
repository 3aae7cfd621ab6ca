// GVariant text → D-Bus values, and the annotations that are written in it.

import t from "tap";
import { annotatedProperties } from "../../../../src/cgroup/systemd/annotations.js";
import { parseVariant } from "../../../../src/cgroup/systemd/gvariant.js";

t.test("values and their types", async (t) => {
  const rows: [text: string, signature: string, value: unknown][] = [
    ["true", "b", true],
    [" false ", "b", false],
    ["5", "i", 5],
    ["-5", "i", -5],
    ["0x10", "i", 16],
    ["1.5", "d", 1.5],
    ["1e3", "d", 1000],
    ["byte 255", "y", 255],
    ["int16 -1", "n", -1],
    ["uint16 65535", "q", 65535],
    ["uint32 4294967295", "u", 4294967295],
    ["int64 -9223372036854775808", "x", -(2n ** 63n)],
    ["uint64 18446744073709551615", "t", 2n ** 64n - 1n],
    ["double 2", "d", 2],
    ["@t 7", "t", 7n],
    ["'a b'", "s", "a b"],
    ['"it\'s"', "s", "it's"],
    ["'a\\'b\\n\\u00e4\\U0001F600'", "s", "a'b\nä😀"],
    ["objectpath '/a'", "o", "/a"],
    ["signature 'as'", "g", "as"],
    ["b'ab'", "ay", [97, 98, 0]],
    ["['a', 'b']", "as", ["a", "b"]],
    ["@as []", "as", []],
    ["[1, 2]", "ai", [1, 2]],
    ["[byte 1, 2]", "ay", [1, 2]],
    ["[1, 2.5]", "ad", [1, 2.5]],
    ["('a', uint32 1)", "(su)", ["a", 1]],
    ["('a',)", "(s)", ["a"]],
    ["[('/dev/null', 'rw')]", "a(ss)", [["/dev/null", "rw"]]],
    ["{'a': 1, 'b': 2}", "a{si}", [["a", 1], ["b", 2]]], // biome-ignore format: one row
    ["{'a', 1}", "{si}", ["a", 1]],
    ["<uint64 5>", "v", { signature: "t", value: 5n }],
    ["@a(st) [('/dev/sda', 5)]", "a(st)", [["/dev/sda", 5n]]],
  ];
  for (const [text, signature, value] of rows) t.same(parseVariant(text), { signature, value }, text);
});

t.test("what is no value", async (t) => {
  const rows: [string, RegExp][] = [
    ["", /a value is missing/],
    ["foo", /"foo" is no value/],
    ["'a", /a quote is not closed/],
    ["'a' 'b'", /not understood from "'b'" on/],
    ["[1, 2", /is missing after/],
    ["[1 2]", /is missing after/],
    ["[]", /the type of an empty array must be said/],
    ["[1, 'a']", /out of|no value of type/],
    ["3000000000", /out of the range of its type \(i\)/],
    ["byte 256", /out of the range/],
    ["uint64 -1", /out of the range/],
    ["uint32 1.5", /1\.5 is no value of type u/],
    ["uint32 'a'", /a text is no value of type u/],
    ["@q", /a value is missing/],
    ["@foo 1", /@foo is no type/],
    ["just 5", /D-Bus has no maybe types/],
    ["nothing", /D-Bus has no maybe types/],
    ["'\\uzzzz'", /is no character/],
    ["'\\U00110000'", /is no character/],
    ["*", /"\*" is no value/],
    ["[".repeat(100), /nested too deeply/],
    ["toString", /"toString" is no value/],
  ];
  for (const [text, message] of rows) t.throws(() => parseVariant(text), { message }, text);
});

t.test("annotations", async (t) => {
  const parse = (name: string, text: string) =>
    annotatedProperties({ other: "x", [`org.systemd.property.${name}`]: text });
  const [found] = parse("CollectMode", "'inactive-or-failed'");
  t.same(found, {
    name: "CollectMode",
    signature: "s",
    value: "inactive-or-failed",
    pointer: "/annotations/org.systemd.property.CollectMode",
  });
  t.match(parse("TimeoutStopUSec", "uint64 123456789")[0], {
    name: "TimeoutStopUSec",
    signature: "t",
    value: 123456789n,
  });
  t.match(parse("TimeoutStopSec", "uint64 5")[0], { name: "TimeoutStopUSec", signature: "t", value: 5_000_000n });
  t.match(parse("TimeoutStopSec", "1.5")[0], { name: "TimeoutStopUSec", signature: "t", value: 1_500_000n });
  t.same(annotatedProperties(undefined), []);
  const rows: [name: string, text: string, RegExp][] = [
    ["", "1", /"" is no name for a property/],
    ["ab", "1", /"ab" is no name/],
    ["a-b-c", "1", /"a-b-c" is no name/],
    ["Foo", "[", /annotations\["org\.systemd\.property\.Foo"\]: "\[": .*GVariant text/],
    ["Slice", "'a.slice'", /Slice cannot be set .*linux\.cgroupsPath/],
    ["PIDs", "[uint32 1]", /PIDs cannot be set/],
    ["Delegate", "false", /Delegate cannot be set/],
    ["TimeoutStopSec", "'5'", /is no number of seconds/],
    ["TimeoutStopSec", "-5", /is no number of seconds/],
  ];
  for (const [name, text, message] of rows) t.throws(() => parse(name, text), { message }, `${name}=${text}`);
});
