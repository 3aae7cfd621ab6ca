// The overlay root: annotations that put a writable layer over read-only ones (docs/architecture.md).

import { RuntError } from "../errors.js";
import type { Spec } from "../spec/types.gen.js";
import { hostId } from "./mappings.js";
import { hostPath, pointerPart } from "./paths.js";
import { mountContext } from "./labels.js";
import type { Planning } from "./planning.js";
import { type Place, place } from "./program.js";
import type { ContainerRequest } from "./types.js";

export const OVERLAY_ANNOTATION = "runt.rootfs.overlay";
export const LAYERS_ANNOTATION = "runt.rootfs.layers";
export const UPPER_ANNOTATION = "runt.rootfs.upper";

const at = (annotation: string): Place => place(`/annotations${pointerPart(annotation)}`);

/** Directories of an overlay root on the host, all absolute. */
export interface OverlayPaths {
  /** Read-only layers, uppermost first, as the kernel takes them. */
  lower: readonly string[];
  /** The writable layer. Its owner and mode are those of the container's "/". */
  upper: string;
  /** The kernel's own room beside it, on the same file system. */
  work: string;
  /** The writable layer outlives the container. */
  kept: boolean;
  /** Who owns the container's root directory on the host: root of its user namespace. */
  uid: number;
  gid: number;
}

/**
 * The overlay that the annotations ask for, or undefined when they ask for none. The engine
 * makes `upper` and `work`, owned by `uid` and `gid`. In: absolute paths of the bundle and of
 * the container's state. Throws RuntError when an annotation can't be understood.
 */
export function overlayPaths(
  config: Spec,
  { bundle, stateDir }: Pick<ContainerRequest, "bundle" | "stateDir">,
): OverlayPaths | undefined {
  const annotations = config.annotations ?? {};
  const layers = readLayers(annotations[LAYERS_ANNOTATION]);
  const upper = annotations[UPPER_ANNOTATION];
  const wanted = readSwitch(annotations[OVERLAY_ANNOTATION]);
  if (wanted === false && (layers || upper !== undefined)) {
    throw new RuntError({
      where: at(OVERLAY_ANNOTATION).where,
      cause: `"false" contradicts ${layers ? LAYERS_ANNOTATION : UPPER_ANNOTATION}`,
    });
  }
  if (!wanted && !layers && upper === undefined) return undefined;
  if (upper === "")
    throw new RuntError({ where: at(UPPER_ANNOTATION).where, cause: "expected the path of a directory" });
  const fromBundle = (path: string) => hostPath(bundle, path);
  const keptUpper = upper === undefined ? undefined : fromBundle(upper).replace(/\/+$/, "");
  const user = config.linux?.namespaces?.some(({ type, path }) => type === "user" && !path);
  return {
    lower: (layers ?? [config.root.path]).map(fromBundle).reverse(),
    upper: keptUpper ?? `${stateDir}/overlay/upper`,
    work: keptUpper ? `${keptUpper}.work` : `${stateDir}/overlay/work`,
    kept: keptUpper !== undefined,
    uid: user ? (hostId(config.linux?.uidMappings, 0) ?? 0) : 0,
    gid: user ? (hostId(config.linux?.gidMappings, 0) ?? 0) : 0,
  };
}

function readSwitch(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (text === "true" || text === "false") return text === "true";
  throw new RuntError({
    where: at(OVERLAY_ANNOTATION).where,
    cause: `expected "true" or "false", found ${JSON.stringify(text)}`,
  });
}

/** Layers as the annotation lists them: the base first. */
function readLayers(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const { where } = at(LAYERS_ANNOTATION);
  const expected = 'expected a JSON array of directories, the base layer first: ["base", "app"]';
  let layers: unknown;
  try {
    layers = JSON.parse(text);
  } catch {
    throw new RuntError({ where, cause: `${expected}, found ${JSON.stringify(text)}` });
  }
  if (!Array.isArray(layers)) throw new RuntError({ where, cause: `${expected}, found ${JSON.stringify(text)}` });
  if (layers.length === 0) throw new RuntError({ where, cause: `${expected}, found an empty one` });
  layers.forEach((layer, index) => {
    if (typeof layer === "string" && layer !== "") return;
    throw new RuntError({ where, cause: `${expected}; entry ${index} is ${JSON.stringify(layer)}` });
  });
  return layers as string[];
}

/** Makes the overlay when there is to be one. Out: its slot. */
export function planOverlay(planning: Planning): number | undefined {
  const { config, host, request, sources } = planning;
  const paths = overlayPaths(config, request);
  if (!paths) return undefined;
  const asked = [LAYERS_ANNOTATION, UPPER_ANNOTATION, OVERLAY_ANNOTATION].find(
    (name) => config.annotations?.[name] !== undefined,
  )!;
  const slot = planning.slot();
  const parameters = [
    ...paths.lower.map((path) => `lowerdir+=${path}`),
    `upperdir=${paths.upper}`,
    `workdir=${paths.work}`,
    ...mountContext(planning, "overlay"),
  ];
  // Without real privilege trusted.* attributes can't be written: the overlay's marks are then
  // user.* ones (Linux 5.11).
  const data = host.rootless ? "userxattr" : "";
  sources.add(at(asked), {
    op: "make_filesystem",
    slot,
    type: "overlay",
    source: "overlay",
    data,
    parameters,
    superblock: 0,
    attributes: 0,
  });
  return slot;
}
