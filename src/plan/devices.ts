// Device nodes and links in the container's /dev. config-linux.md, "Devices" and "Default
// Devices"; runtime-linux.md, "Dev symbolic links".

import { RuntError } from "../errors.js";
import type { LinuxDevice } from "../spec/types.gen.js";
import { S_IFBLK, S_IFCHR, S_IFIFO } from "./constants.js";
import { cleanPath, isWithin } from "./paths.js";
import type { Planning } from "./planning.js";
import { OWN, type Place, place } from "./program.js";

/** Character devices that every container has: path → major, minor. */
const DEFAULT_DEVICES: Readonly<Record<string, readonly [number, number]>> = {
  "/dev/null": [1, 3],
  "/dev/zero": [1, 5],
  "/dev/full": [1, 7],
  "/dev/random": [1, 8],
  "/dev/urandom": [1, 9],
  "/dev/tty": [5, 0],
};

export const DEFAULT_DEVICE_PATHS: readonly string[] = Object.keys(DEFAULT_DEVICES);

/** What the link /dev/ptmx stands for. */
const PTMX = [5, 2] as const;

const LINKS: Readonly<Record<string, string>> = {
  "/dev/fd": "/proc/self/fd",
  "/dev/stdin": "/proc/self/fd/0",
  "/dev/stdout": "/proc/self/fd/1",
  "/dev/stderr": "/proc/self/fd/2",
  "/dev/ptmx": "pts/ptmx",
};

const TYPES: Readonly<Record<LinuxDevice["type"], number>> = { c: S_IFCHR, u: S_IFCHR, b: S_IFBLK, p: S_IFIFO };

/**
 * Makes nodes and links. With a bind mount on /dev none are made in it: it is a directory of
 * the host, with devices of its own. In a user namespace make_node binds the host's node.
 */
export function planDevices(planning: Planning): void {
  const { config, inside } = planning;
  const asked = (config.linux?.devices ?? []).map((device) => cleanPath(device.path));
  const bound = hasBoundDev(planning);
  if (!bound) {
    for (const [path, [major, minor]] of Object.entries(DEFAULT_DEVICES)) {
      if (asked.includes(path)) continue;
      inside.add(ownPlace(path), { op: "make_node", path, type: S_IFCHR, mode: 0o666, major, minor, uid: 0, gid: 0 });
    }
  }
  config.linux?.devices?.forEach((device, index) => {
    const path = asked[index]!;
    const at = place(`/linux/devices/${index}`, path);
    checkDefault(at, device, path);
    // The link made below stands for it: the device of the container's own devpts.
    if (path === "/dev/ptmx") return;
    if (bound && isWithin(path, "/dev")) {
      planning.warn(at, "not made: /dev is a bind mount of the host's directory");
      return;
    }
    planDevice(planning, at, device, path);
  });
  if (bound) return;
  for (const [path, text] of Object.entries(LINKS))
    inside.add(ownPlace(path), { op: "make_symlink", path, text, replace: 0 });
}

/** Mode and owner of a default device are the config's to choose, what it is is not: every container has it. */
function checkDefault(at: Place, { type, major, minor }: LinuxDevice, path: string): void {
  if (path !== "/dev/ptmx" && Object.hasOwn(LINKS, path)) {
    throw new RuntError({ where: at.where, cause: `every container has ${path}, a link to ${LINKS[path]}` });
  }
  const numbers = path === "/dev/ptmx" ? PTMX : DEFAULT_DEVICES[path];
  if (!numbers) return;
  if ((type === "c" || type === "u") && major === numbers[0] && minor === numbers[1]) return;
  throw new RuntError({
    where: at.where,
    cause: `every container has ${path}, character device ${numbers.join(":")}: it can't be another one`,
    hint: "take the entry out, or give the device another path",
  });
}

function planDevice({ inside }: Planning, at: Place, device: LinuxDevice, path: string): void {
  inside.add(at, {
    op: "make_node",
    path,
    type: TYPES[device.type],
    // Engines send the whole st_mode; the type is said by `type`.
    mode: (device.fileMode ?? 0o666) & 0o7777,
    major: device.type === "p" ? 0 : (device.major ?? 0),
    minor: device.type === "p" ? 0 : (device.minor ?? 0),
    uid: device.uid ?? 0,
    gid: device.gid ?? 0,
  });
}

function ownPlace(path: string): Place {
  return { ...OWN, where: `default device ${path}` };
}

/** Whether the config binds a directory of the host on /dev. */
function hasBoundDev({ config }: Planning): boolean {
  return (
    config.mounts?.some(
      ({ destination, options }) =>
        cleanPath(destination) === "/dev" && options?.some((name) => name === "bind" || name === "rbind"),
    ) ?? false
  );
}
