// A container without a mount namespace of its own: it has the runtime's (config-linux.md, "Namespaces"). Its mounts
// are made there, all of them below a copy of its root that is mounted on the root's own directory, and chroot(2)
// leads into it. `delete` takes that copy off again, and with it everything in it (container/root-mount.ts).

import { RuntError } from "../errors.js";
import type { Planning } from "./planning.js";
import { type Place, place } from "./program.js";

const NAMESPACES = place("/linux/namespaces");
const HINT = 'add { "type": "mount" } to linux.namespaces';

/** Capabilities with which a process gets out of a chroot, or changes mounts of the host. */
const LEADING_OUT: readonly string[] = ["CAP_SYS_CHROOT", "CAP_SYS_ADMIN"];

/** Refuses what the kernel does not allow there, and says what the container can do to the host. Throws RuntError. */
export function checkInheritedMounts(planning: Planning): void {
  const { config, host, inheritsMounts, inUserNamespace } = planning;
  if (!inheritsMounts) return;
  const refuse = (cause: string) => new RuntError({ where: NAMESPACES.where, cause, hint: HINT });
  if (inUserNamespace) throw refuse("a user namespace has no right to mount in the runtime's mount namespace");
  if (host.mayMount === false) throw refuse("the caller has no right to mount in its own mount namespace");
  const { bounding = [] } = config.process.capabilities ?? {};
  const leading = LEADING_OUT.filter((name) => bounding.includes(name));
  if (leading.length === 0) return;
  const text = `the container is in the runtime's mount namespace: with ${leading.join(" and ")} it can reach the host's files`;
  planning.warn(NAMESPACES, text);
}

/**
 * Covers the root's directory with itself. A mount on a shared one appears in every peer of that: this one shows
 * there what has been there before. Private, it then keeps what comes on top of it, which is all of the container,
 * from appearing there as well.
 */
export function planCover({ inside }: Planning, at: Place, path: string): void {
  inside.add(at, { op: "cover_root", path });
}
