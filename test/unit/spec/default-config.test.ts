import t from "tap";
import { defaultConfig, defaultConfigText } from "../../../src/spec/default-config.js";
import { outcomeOf } from "./documents.js";

t.test("the default configs are good, without a warning", async (t) => {
  for (const options of [
    {},
    { rootless: true, euid: 1000, egid: 100 },
    { cgroup2only: true },
    { rootless: true, cgroup2only: true },
  ]) {
    const { document, warnings } = await outcomeOf(defaultConfigText(options));
    t.strictSame(document, defaultConfig(options));
    t.strictSame(warnings, []);
  }
});

t.test("what people edit is where they expect it", async (t) => {
  const config = defaultConfig();
  const caps = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
  t.equal(config.ociVersion, "1.3.0");
  t.match(config.process, { terminal: true, args: ["sh"], cwd: "/", user: { uid: 0, gid: 0 }, noNewPrivileges: true });
  t.strictSame(config.process.capabilities, { bounding: caps, effective: caps, permitted: caps });
  t.strictSame(config.process.rlimits, [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }]);
  t.strictSame(config.root, { path: "rootfs", readonly: true });
  t.equal(config.hostname, "runt");
  t.strictSame(
    config.mounts?.map((mount) => mount.destination),
    ["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/sys/fs/cgroup"],
  );
  t.strictSame(config.linux?.resources, { devices: [{ allow: false, access: "rwm" }] });
  t.strictSame(
    config.linux?.namespaces?.map(({ type }) => type),
    ["pid", "network", "ipc", "uts", "mount"],
  );
  t.equal(config.linux?.maskedPaths?.length, 10);
  t.equal(config.linux?.readonlyPaths?.length, 5);
});

t.test("cgroup v2 alone adds a cgroup namespace", async (t) => {
  const types = (options: object) => defaultConfig(options).linux?.namespaces?.map(({ type }) => type);
  t.strictSame(types({ cgroup2only: true }), ["pid", "network", "ipc", "uts", "mount", "cgroup"]);
  t.strictSame(types({ cgroup2only: true, rootless: true }), ["pid", "ipc", "uts", "mount", "cgroup", "user"]);
});

t.test("rootless maps the caller to root and needs nothing of the host's", async (t) => {
  const config = defaultConfig({ rootless: true, euid: 1000, egid: 100 });
  t.strictSame(config.linux?.uidMappings, [{ containerID: 0, hostID: 1000, size: 1 }]);
  t.strictSame(config.linux?.gidMappings, [{ containerID: 0, hostID: 100, size: 1 }]);
  t.equal(config.linux?.resources, undefined);
  t.notOk(config.linux?.namespaces?.some(({ type }) => type === "network"));
  const mount = (path: string) => config.mounts?.find(({ destination }) => destination === path);
  t.notOk(mount("/dev/pts")?.options?.includes("gid=5"));
  t.strictSame(mount("/sys"), {
    destination: "/sys",
    type: "none",
    source: "/sys",
    options: ["rbind", "nosuid", "noexec", "nodev", "ro"],
  });
});

t.test("the text is indented with tabs and has no line break at the end", async (t) => {
  const text = defaultConfigText();
  t.match(text, /^\{\n\t"ociVersion": "1\.3\.0",\n\t"process": \{\n\t\t"terminal": true,/);
  t.equal(text.at(-1), "}");
  t.strictSame(Object.keys(JSON.parse(text)), ["ociVersion", "process", "root", "hostname", "mounts", "linux"]);
});

t.test("two configs share nothing that a change could spread through", async (t) => {
  defaultConfig().process.capabilities?.bounding?.push("CAP_SYS_ADMIN");
  defaultConfig().linux?.maskedPaths?.pop();
  t.equal(defaultConfig().process.capabilities?.bounding?.length, 3);
  t.equal(defaultConfig().process.capabilities?.effective?.length, 3);
  t.equal(defaultConfig().linux?.maskedPaths?.length, 10);
});
