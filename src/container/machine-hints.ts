// Hints that depend on how the machine is set up. Read only when something has failed.

import { native } from "../host/native.js";

const USER_NAMESPACE =
  "making namespaces needs CAP_SYS_ADMIN, or a user namespace in linux.namespaces; the kernel refuses that one, too, in a chroot";

const APPARMOR =
  "kernel.apparmor_restrict_unprivileged_userns is 1: AppArmor lets only programs with a profile that says `userns,` make user namespaces; write one for runt, or set it to 0";

/** "1" or "0" of a switch below /proc/sys; null when this kernel has none. */
function sysctl(name: string): string | undefined {
  return native()
    .readFileIfAny(`/proc/sys/${name.replaceAll(".", "/")}`)
    ?.trim();
}

/** Why namespaces can't be made. */
export function userNamespaceHint(): string {
  if (sysctl("kernel.unprivileged_userns_clone") === "0") {
    return "kernel.unprivileged_userns_clone is 0, so only root may make user namespaces: sysctl -w kernel.unprivileged_userns_clone=1";
  }
  return restrictedHint() ?? USER_NAMESPACE;
}

/** Ubuntu's AppArmor lets a user namespace be made, and then takes the rights in it away. */
export function restrictedHint(): string | undefined {
  return sysctl("kernel.apparmor_restrict_unprivileged_userns") === "1" ? APPARMOR : undefined;
}

/**
 * Why a file system can't be mounted in a user namespace. proc and sysfs may not show more than the
 * caller's own do (mount_too_revealing in fs/namespace.c): what covers those is named.
 */
export function coveredHint(text: string): string | undefined {
  const [, type] = /^mount (\S+?):?(?: |$)/.exec(text) ?? [];
  const place = type === "proc" ? "/proc" : type === "sysfs" ? "/sys" : undefined;
  if (!place) return `in a user namespace the kernel allows few types of file systems${type ? `: not ${type}` : ""}`;
  const covers = mountsBelow(native().readFileIfAny("/proc/self/mountinfo") ?? "", place);
  const shown = covers.slice(0, 3).join(", ") + (covers.length > 3 ? ` and ${covers.length - 3} more` : "");
  if (covers.length === 0)
    return `in a user namespace the kernel allows ${type} only where the caller has one that is restricted no more (read-only, for example)`;
  return `in a user namespace the kernel allows ${type} only when the caller's own ${place} is not covered in part, and here it is, by ${shown}; run where ${place} is whole (Podman, Docker: --security-opt unmask=ALL, systempaths=unconfined)`;
}

/** The mount points below a directory, in the text of a mountinfo. Mounts on sysfs's own empty directories cover nothing. */
export function mountsBelow(text: string, place: string): string[] {
  const ofKernel = /^\/sys\/(fs\/|kernel\/|firmware\/efi\/efivars$)|^\/proc\/(sys\/fs\/binfmt_misc|fs\/nfsd)$/;
  // Without parseMountinfo: whoever can fail would load it, which is a chunk more of the engine for `run`.
  const points = text.split("\n").map((line) => line.split(" ")[4] ?? "");
  return [...new Set(points)].filter((point) => point.startsWith(`${place}/`) && !ofKernel.test(point));
}

/** An option that the file system does not take: often an id that nobody has in the user namespace. */
export function idHint(text: string): string | undefined {
  if (/\b[ug]id\b/i.test(text))
    return "the id is not mapped in the container's user namespace: see linux.uidMappings and linux.gidMappings";
  if (text.includes("Unknown parameter"))
    return "it is neither a mount option, which `runt features` lists, nor one that this file system knows";
  return text.includes("Bad value") ? undefined : "the file system does not take one of the options";
}

/** The first directory on the way to a path of the host that is closed to others, as a user namespace's root is. */
export function closedHint(text: string): string | undefined {
  const path = text.slice(text.indexOf("/"));
  for (let slash = path.indexOf("/", 1); slash > 0; slash = path.indexOf("/", slash + 1)) {
    const above = path.slice(0, slash);
    const mode = native().stat(above)?.mode;
    if (mode === undefined || (mode & OTHERS_SEARCH) !== 0) continue;
    return `the container's root is another user on the host, and ${above} with mode ${(mode & 0o777).toString(8).padStart(4, "0")} lets no others through: chmod o+x, or another place`;
  }
  return undefined;
}

const OTHERS_SEARCH = 0o001;

/** Why a hard limit can't be raised. Nobody gets more open files than fs.nr_open. */
export function fileLimitHint(text: string): string {
  const [, hard = "0"] = /^set rlimit 7 .* (\d+)$/.exec(text) ?? [];
  const most = sysctl("fs.nr_open");
  return most !== undefined && BigInt(hard) > BigInt(most)
    ? `fs.nr_open of this machine is ${most}, and nobody gets more`
    : "raising a hard limit needs CAP_SYS_RESOURCE";
}
