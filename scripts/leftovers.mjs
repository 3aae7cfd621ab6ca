// What tests could leave on the host, looked at before and after a run: mounts, cgroups, the
// entries of /run and /dev, and processes of the tests.
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";

const lines = (path) => {
  try {
    return readFileSync(path, "utf8").split("\n").filter(Boolean);
  } catch {
    return []; // a process that ended meanwhile
  }
};
const link = (path) => {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
};

function directories(folder, found = []) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    found.push(path);
    try {
      directories(path, found);
    } catch {
      // removed while we looked
    }
  }
  return found;
}

/**
 * The cgroups that a test could have made or taken away: at the top of a hierarchy, below our own
 * cgroup, or with our name wherever it is. Others come and go with the machine's other work.
 */
function cgroups() {
  const own = lines("/proc/self/cgroup").map((line) => line.split(":")[2]);
  const isNear = (path) =>
    path.split("/").length <= 6 - (existsSync("/sys/fs/cgroup/cgroup.controllers") ? 1 : 0) ||
    path.includes("runt-test") ||
    own.some((ours) => ours !== "/" && path.includes(`${ours}/`));
  return directories("/sys/fs/cgroup").filter(isNear);
}

/** Processes of which something, be it program, arguments, folders or cgroup, has the mark of the run. */
function processes(mark) {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => {
      const command = lines(`/proc/${pid}/cmdline`).join(" ").replaceAll("\0", " ").trim();
      const links = ["exe", "cwd", "root"].map((name) => link(`/proc/${pid}/${name}`));
      return [pid, ...links, command, ...lines(`/proc/${pid}/cgroup`), ...lines(`/proc/${pid}/mountinfo`)];
    })
    .filter((facts) => facts.some((fact) => fact.includes(mark)))
    .map(([pid, exe, , , command]) => `${pid} ${exe} ${command}`);
}

function entries(folder) {
  return readdirSync(folder).map((name) => {
    const status = statSync(join(folder, name), { throwIfNoEntry: false });
    return `${folder}/${name} ${status ? `${status.mode.toString(8)} ${status.uid}:${status.gid} ${status.rdev}` : ""}`;
  });
}

/** What a runtime has in its default state root: containers of callers that name no other root. */
function states() {
  const roots = ["/run/runt", "/run/runc", "/run/crun", "/run/containerd/runc/default"].filter((path) =>
    existsSync(path),
  );
  return roots.flatMap((path) => entries(path)).filter((line) => !line.includes("/seccomp~cache "));
}

/** What Podman, Docker, containerd, runtimes and criu (of the kernel) make once and keep until the machine is turned off. */
const keptByCallers = [
  "criu.kdat",
  "runt-cgroup2-options",
  "containerd",
  "containers",
  "docker",
  "libpod",
  "netns",
  "runc",
  "runt",
  "crun",
];
const isKept = (line) => keptByCallers.some((name) => line.startsWith(`/run/${name} `));

/** What is on the host now. */
export function snapshot() {
  return {
    mounts: lines("/proc/self/mountinfo"),
    // systemd starts the slice of containers with the first one, and keeps it.
    cgroups: cgroups().filter((path) => path !== "/sys/fs/cgroup/machine.slice"),
    files: [
      ...entries("/run").filter((line) => !isKept(line)),
      ...entries("/dev"),
      ...entries("/tmp").filter((line) => line.includes("/runt-test-")),
    ],
    states: states(),
  };
}

/**
 * What is new or gone since `before`, in words; waits a while for processes that are just ending.
 * `mark` is in the name of everything that this run has made. What has the mark of another run of
 * the tests, at the same time, is none of ours.
 */
export async function differences(before, mark, patience = 5000) {
  const end = Date.now() + patience;
  const foreign = (item) => item.includes("/runt-test-") && !item.includes(mark);
  const missing = (kind, from, other) => from[kind].filter((item) => !other[kind].includes(item) && !foreign(item));
  for (;;) {
    const now = snapshot();
    const found = [
      ...processes(mark).map((item) => `new in processes: ${item}`),
      ...Object.keys(before).flatMap((kind) => [
        ...missing(kind, now, before).map((item) => `new in ${kind}: ${item}`),
        ...missing(kind, before, now).map((item) => `gone from ${kind}: ${item}`),
      ]),
    ];
    if (found.length === 0 || Date.now() > end) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
