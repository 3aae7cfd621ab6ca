import t from "tap";
import type { Spec } from "../../../src/spec/types.gen.js";
import { planOf, ROOT, ROOTLESS, withUserNamespace } from "./fixtures.js";

const STREAMS = [
  { fd: 0, owner: 0 },
  { fd: 2, owner: 100005 },
];

/** Which stage gives which stream to whom. */
function given(edit: (config: Spec) => void, host = ROOT): string[] {
  const plan = planOf(edit, { host, request: { streams: STREAMS } });
  const clone = plan.steps.findIndex(({ step }) => step.op === "clone");
  return plan.steps.flatMap(({ step }, index) =>
    step.op === "give_stream" ? [`${index < clone ? "A" : "B"}: ${step.fd} to ${step.uid}`] : [],
  );
}

t.test("the caller's streams go to the container's user, when they are another's", async (t) => {
  t.same(
    given(() => {}),
    ["A: 2 to 0"],
  );
  t.same(
    given((config) => {
      config.process.user.uid = 7;
    }),
    ["A: 0 to 7", "A: 2 to 7"],
  );
});

t.test("in a user namespace: the id that the host knows, when root is to give them", async (t) => {
  const five = (config: Spec) => {
    withUserNamespace(config);
    config.process.user.uid = 5;
  };
  t.same(given(five), ["A: 0 to 100005"]);
  t.same(given(five, ROOTLESS), ["B: 0 to 5"]);
  const joined = (config: Spec) => config.linux!.namespaces!.push({ type: "user", path: "/proc/9/ns/user" });
  t.same(given(joined), ["B: 0 to 0", "B: 2 to 0"], "nobody knows whom it maps");
});

t.test("a terminal of the container's own is in the place of the caller's streams", async (t) => {
  t.same(
    given((config) => {
      config.process.terminal = true;
      config.process.user.uid = 7;
    }),
    [],
  );
});
