import t from "tap";
import { sysctlPath } from "../../../src/plan/sysctl.js";
import { linesAt, planOf, stepsOf } from "./fixtures.js";

t.test("paths of parameters", (t) => {
  t.equal(sysctlPath("net.ipv4.ip_forward"), "net/ipv4/ip_forward");
  t.equal(sysctlPath("net/ipv4/ip_forward"), "net/ipv4/ip_forward");
  t.equal(sysctlPath("net/ipv4/conf/eth0.100/rp_filter"), "net/ipv4/conf/eth0.100/rp_filter");
  t.equal(sysctlPath("net.ipv4.conf.eth0/100.rp_filter"), "net/ipv4/conf/eth0.100/rp_filter");
  t.end();
});

t.test("names, then parameters", (t) => {
  const plan = planOf((config) => {
    config.linux!.namespaces!.push({ type: "uts" }, { type: "network" });
    config.hostname = "box";
    config.domainname = "example";
    config.linux!.sysctl = { "net.core.somaxconn": "256", "net/a~b": "" };
  });
  t.same(stepsOf(plan, "set_hostname"), [{ op: "set_hostname", name: "box" }]);
  t.same(stepsOf(plan, "set_domainname"), [{ op: "set_domainname", name: "example" }]);
  t.same(linesAt(plan, "/linux/sysctl/net.core.somaxconn"), ["write_sysctl path=net/core/somaxconn value=256"]);
  t.same(linesAt(plan, "/linux/sysctl/net~1a~0b"), ['write_sysctl path="net/a~b" value=""']);
  t.same(
    plan.steps.filter(({ step }) => step.op === "write_sysctl").map(({ where }) => where),
    ['linux.sysctl["net.core.somaxconn"]', 'linux.sysctl["net/a~b"]'],
  );
  t.end();
});

t.test("an empty name is none", (t) => {
  const plan = planOf((config) => {
    config.hostname = "";
    config.domainname = "";
  });
  t.same([...stepsOf(plan, "set_hostname"), ...stepsOf(plan, "set_domainname")], []);
  t.end();
});
