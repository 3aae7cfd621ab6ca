// Images for the callers, made from the root filesystem of the other tests: nothing is fetched.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tools } from "../../helpers/sandbox.js";
import type { Place } from "./place.js";

/** A tar of the root filesystem, as `podman import` and `docker import` take it. */
export function rootfsTar(place: Place): string {
  const path = join(place.dir, "rootfs.tar");
  execFileSync("tar", ["-C", join(tools, "rootfs"), "--owner=0", "--group=0", "-cf", path, "."]);
  return path;
}

/** An OCI image layout of one layer in a tar, as `ctr image import` takes it. */
export function ociArchive(place: Place, name: string, command: readonly string[] = ["/bin/sh"]): string {
  const layout = place.folder(`layout-${name.replaceAll(/[/:]/g, "-")}`);
  mkdirSync(join(layout, "blobs/sha256"), { recursive: true });
  const blob = (content: Buffer) => {
    const digest = createHash("sha256").update(content).digest("hex");
    writeFileSync(join(layout, "blobs/sha256", digest), content);
    return { digest: `sha256:${digest}`, size: content.length };
  };
  const json = (value: unknown) => blob(Buffer.from(JSON.stringify(value)));

  const layer = blob(readFileSync(rootfsTar(place)));
  const architecture = process.arch === "arm64" ? "arm64" : "amd64";
  const config = json({
    architecture,
    os: "linux",
    config: { Env: ["PATH=/bin"], Cmd: command },
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer }],
  });
  const entry = {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    ...manifest,
    platform: { architecture, os: "linux" },
    annotations: { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name },
  };
  writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  writeFileSync(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  const archive = join(place.dir, "image.tar");
  execFileSync("tar", ["-C", layout, "-cf", archive, "."]);
  return archive;
}
