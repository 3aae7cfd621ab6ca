// Paths as text. No file is looked at: what a path means inside the root is runt-init's to find out.

/**
 * A path without ".", "..", doubled and trailing slashes. Relative paths start at "/", as those inside the container do
 * (config.md, "Mounts"). ".." at the root stays there. Symlinks are not looked at.
 */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** Whether `path` is `directory` or lies below it. Both are clean. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || directory === "/" || path.startsWith(`${directory}/`);
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/**
 * A path of the host, relative ones taken from `base`. It is not cleaned: "a/../b" is another
 * place than "b" when a is a symlink.
 */
export function hostPath(base: string, path: string): string {
  return path.startsWith("/") ? path : `${base.replace(/\/+$/, "")}/${path}`;
}

/** A part of a JSON pointer (RFC 6901). */
export function pointerPart(name: string): string {
  return `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
