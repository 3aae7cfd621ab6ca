// `runt features`: complete, and true of what the parser and the planner take.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { Features } from "../../../src/spec/types.gen.js";
import { repository, runtime } from "../../helpers/sandbox.js";
import { planOf } from "../plan/fixtures.js";
import { outcomeOf } from "../spec/documents.js";

const text = execFileSync(runtime, ["features"], { encoding: "utf8" });
const document = JSON.parse(text) as Required<Features>;
const linux = document.linux as Required<NonNullable<Features["linux"]>>;

/** The definitions of a schema. */
const definitions = (name: string) =>
  JSON.parse(readFileSync(join(repository, `src/spec/schema/${name}.json`), "utf8")).$defs;
const same = (t: Test, listed: readonly string[] | null | undefined, taken: readonly string[], what: string) =>
  t.same([...(listed ?? [])].sort(), [...taken].sort(), what);

t.test("it fits our schema, without a warning, and holds nothing that the schema does not name", async (t) => {
  const { message } = await outcomeOf(text, "features");
  t.equal(message, "");
  const defs = definitions("features");
  const known = (value: object, name: string): void => {
    for (const [key, member] of Object.entries(value)) {
      const property = defs[name].properties[key];
      t.ok(property, `${name}.${key}`);
      const next = /^#\/\$defs\/(.*)/.exec(property?.$ref ?? "")?.[1];
      if (next && typeof member === "object") known(member, next);
    }
    for (const key of Object.keys(defs[name].properties)) t.ok(key in value, `${name} says ${key}`);
  };
  known(document, "Features");
});

t.test("every list is what the parser takes, no more and no less", async (t) => {
  const seccomp = definitions("seccomp");
  const config = definitions("linux");
  same(t, linux.seccomp.actions, seccomp.LinuxSeccompAction.enum, "actions");
  same(t, linux.seccomp.operators, seccomp.LinuxSeccompOperator.enum, "operators");
  same(t, linux.seccomp.archs, seccomp.Arch.enum, "architectures");
  same(t, linux.seccomp.knownFlags, seccomp.LinuxSeccompFlag.enum, "flags");
  same(t, linux.namespaces, config.LinuxNamespaceType.enum, "namespaces");
  same(t, linux.memoryPolicy.modes, config.MemoryPolicyModeType.enum, "modes");
  same(t, linux.memoryPolicy.flags, config.MemoryPolicyFlagType.enum, "flags of memory policies");
  same(t, document.hooks, Object.keys(definitions("hooks").Hooks.properties), "hooks");
});

t.test("what is supported is among what is known", async (t) => {
  const { supportedFlags, knownFlags } = linux.seccomp;
  for (const flag of supportedFlags!) t.ok(knownFlags!.includes(flag), flag);
  // Linux 4.17 and 5.19 brought the youngest ones; everything below has them.
  t.ok(supportedFlags!.includes("SECCOMP_FILTER_FLAG_LOG"));
});

t.test("both versions are accepted as ociVersion", async (t) => {
  for (const ociVersion of [document.ociVersionMin, document.ociVersionMax]) {
    t.doesNotThrow(() =>
      planOf((config) => {
        config.ociVersion = ociVersion;
      }),
    );
  }
});

t.test("every mount option is taken", async (t) => {
  t.ok(document.mountOptions!.length >= 60);
  t.equal(new Set(document.mountOptions).size, document.mountOptions!.length, "each once");
  // What is specific to a file system reaches it as data.
  const data = planOf((config) => {
    const other = /bind|idmap|remount|shared|slave|^copy-symlink$|-nofollow$/;
    const options = document.mountOptions!.filter((name) => !other.test(name));
    config.mounts = [{ destination: "/m", type: "tmpfs", source: "tmpfs", options: [...options, "size=1"] }];
  });
  const made = data.steps.map(({ step }) => step).filter((step) => step.op === "make_filesystem");
  t.match(made, [{ data: "size=1" }]);
});

t.test("what it says to be enabled is taken, the rest refused", async (t) => {
  const taken = (edit: Parameters<typeof planOf>[0]) => {
    try {
      planOf(edit);
      return true;
    } catch {
      return false;
    }
  };
  const netDevices = taken((config) => {
    config.linux!.netDevices = { eth9: {} };
  });
  t.equal(linux.netDevices.enabled, netDevices, "netDevices");
  const intelRdt = taken((config) => {
    config.linux!.intelRdt = { schemata: ["L3:0=f"], enableMonitoring: true };
  });
  t.same(linux.intelRdt, { enabled: intelRdt, schemata: intelRdt, monitoring: intelRdt }, "intelRdt");
  const idmap = taken((config) => {
    const mapping = [{ containerID: 0, hostID: 1000, size: 1 }];
    config.mounts = [
      {
        destination: "/m",
        type: "none",
        source: "/tmp",
        options: ["bind", "idmap"],
        uidMappings: mapping,
        gidMappings: mapping,
      },
    ];
  });
  t.equal(linux.mountExtensions.idmap?.enabled, idmap, "idmap");
  t.equal(document.mountOptions!.includes("idmap"), idmap);
  const systemd = existsSync(join(repository, "lib/runt/systemd.node"));
  t.same(linux.cgroup, { v1: true, v2: true, systemd, systemdUser: systemd, rdma: true });
});

t.test("every annotation that changes what runt does is among the unsafe ones", async (t) => {
  const unsafe = document.potentiallyUnsafeConfigAnnotations!;
  const files = readdirSync(join(repository, "src"), { recursive: true, encoding: "utf8" });
  const found = new Set<string>();
  for (const file of files.filter((file) => file.endsWith(".ts") && file !== "cli/commands/features.ts")) {
    const source = readFileSync(join(repository, "src", file), "utf8");
    for (const [, name] of source.matchAll(
      /"((?:runt|run\.oci|org\.systemd|org\.criu|org\.opencontainers)\.[\w.-]+)"/g,
    ))
      found.add(name!);
  }
  t.ok(found.size >= 3);
  for (const name of found)
    t.ok(unsafe.includes(name) || (name.startsWith("org.systemd.") && !linux.cgroup.systemd), name);
});
