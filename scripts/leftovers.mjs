// What tests could leave on the host, looked at before and after a run: mounts, cgroups, the
// entries of /run and /dev, and processes that have something to do with us.
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
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

function cgroups(folder, found = []) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    found.push(path);
    try {
      cgroups(path, found);
    } catch {
      // removed while we looked
    }
  }
  return found;
}

function processes() {
  const ours = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    const exe = link(`/proc/${pid}/exe`);
    const command = lines(`/proc/${pid}/cmdline`).join(" ").replaceAll("\0", " ");
    const cgroup = lines(`/proc/${pid}/cgroup`).find((line) => line.includes("runt-test")) ?? "";
    const isRuntime = /\/(runt|runt-init|engine|probe|enosys)( \(deleted\))?$|memfd:/.test(exe);
    if (isRuntime || cgroup || /runt-test/.test(command)) ours.push(`${pid} ${exe} ${command} ${cgroup}`.trim());
  }
  return ours;
}

function entries(folder) {
  return readdirSync(folder).map((name) => {
    const status = statSync(join(folder, name), { throwIfNoEntry: false });
    return `${folder}/${name} ${status ? `${status.mode.toString(8)} ${status.uid}:${status.gid} ${status.rdev}` : ""}`;
  });
}

/** What is on the host now. */
export function snapshot() {
  return {
    mounts: lines("/proc/self/mountinfo"),
    cgroups: cgroups("/sys/fs/cgroup"),
    processes: processes(),
    files: [...entries("/run"), ...entries("/dev"), ...entries("/tmp").filter((line) => line.includes("/runt-test-"))],
  };
}

/** What is new or gone since `before`, in words; waits a while for processes that are just ending. */
export async function differences(before, patience = 5000) {
  const end = Date.now() + patience;
  for (;;) {
    const now = snapshot();
    const found = Object.keys(before).flatMap((kind) => [
      ...now[kind].filter((item) => !before[kind].includes(item)).map((item) => `new in ${kind}: ${item}`),
      ...(kind === "processes" ? [] : before[kind].filter((item) => !now[kind].includes(item))).map(
        (item) => `gone from ${kind}: ${item}`,
      ),
    ]);
    if (found.length === 0 || Date.now() > end) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
