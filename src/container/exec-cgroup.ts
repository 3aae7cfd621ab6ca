// Where a further process of a container goes: the container's cgroups, or those below that
// --cgroup names. Pure.

import { cgroupDriverFromState, type CgroupPaths } from "../cgroup/index.js";
import { RuntError } from "../errors.js";
import type { CgroupPlacement } from "../plan/types.js";

const WHERE = "--cgroup";

/**
 * Controller → path, "" for all of them. In: the values of --cgroup, each a PATH (one at most) or
 * CONTROLLER[,CONTROLLER…]:PATH. Throws RuntError.
 */
export function parseSubCgroups(values: readonly string[]): Map<string, string> {
  const paths = new Map<string, string>();
  for (const value of values) {
    const colon = value.indexOf(":");
    if (colon < 0 && values.length > 1)
      throw new RuntError({ where: WHERE, cause: `${JSON.stringify(value)} lacks the <controller>: in front of it` });
    const path = cleanSubPath(value.slice(colon + 1), value);
    for (const controller of colon < 0 ? [""] : value.slice(0, colon).split(",")) {
      if (controller === "" && colon >= 0)
        throw new RuntError({ where: WHERE, cause: `${JSON.stringify(value)} has an empty controller name` });
      if (paths.has(controller))
        throw new RuntError({ where: WHERE, cause: `controller ${controller} specified multiple times` });
      paths.set(controller, path);
    }
  }
  return paths;
}

/** "" for the container's own, else "/a/b". No ".." may lead to a neighbour. */
function cleanSubPath(path: string, value: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes(".."))
    throw new RuntError({ where: WHERE, cause: `bad sub cgroup path: ${JSON.stringify(value)} must not hold ".."` });
  return parts.map((part) => `/${part}`).join("");
}

/** Where the process goes. In: the container's cgroups, the values of --cgroup. Throws RuntError. */
export function execPlacement(paths: CgroupPaths, values: readonly string[]): CgroupPlacement {
  if (values.length === 0) return cgroupDriverFromState(paths).placement();
  const chosen = parseSubCgroups(values);
  const { directories, version } = paths;
  if (Object.keys(directories).length === 0)
    throw new RuntError({ where: WHERE, cause: "the container has no cgroup of its own" });
  for (const controller of chosen.keys()) {
    if (controller === "" || (version === 1 && directories[controller] !== undefined)) continue;
    throw version === 1
      ? new RuntError({ where: WHERE, cause: `unknown controller ${controller}` })
      : new RuntError({ where: WHERE, cause: `cgroup v2 has one hierarchy: give the path without ${controller}:` });
  }
  const below = new Map<string, string>();
  for (const [controller, directory] of Object.entries(directories)) {
    const sub = chosen.get(controller) ?? chosen.get("");
    if (sub === undefined) continue;
    const before = below.get(directory);
    if (before !== undefined && before !== directory + sub)
      throw new RuntError({
        where: WHERE,
        cause: `${controller} shares its hierarchy with a controller of another path`,
      });
    below.set(directory, directory + sub);
  }
  const moved = Object.fromEntries(
    Object.entries(directories).map(([controller, directory]) => [controller, below.get(directory) ?? directory]),
  );
  return cgroupDriverFromState({ ...paths, directories: moved }).placement();
}
