// docs/clients.md, done as it is written: the page's own lines, with runt installed somewhere else.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { repository, until } from "../helpers/sandbox.js";
import { Containerd, IMAGE as CTR_IMAGE } from "./helpers/containerd.js";
import { Docker, IMAGE, NO_NETWORK } from "./helpers/docker.js";
import { rootfsTar } from "./helpers/image.js";
import { ulimits } from "./helpers/podman.js";
import { hasSystemd, place, quoted, runtimeName } from "./helpers/place.js";

const page = readFileSync(join(repository, "docs/clients.md"), "utf8");
const skip = runtimeName !== "runt" && "the page is about runt";
const here = place(t);
const prefix = here.folder("prefix");
const installed = join(prefix, "bin/runt");

/** A block of code of the page: the first of this language below this headline. */
function block(headline: string, language: string): string {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${headline}\n`)) ?? "";
  const text = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, "m").exec(section)?.[1];
  if (text === undefined) throw new Error(`docs/clients.md has no block of ${language} below "${headline}"`);
  return text.replaceAll("/usr/local", prefix);
}

/** The line of a console block that holds a word, without its prompt. */
function line(headline: string, word: string): string {
  const found = block(headline, "console")
    .split("\n")
    .find((text) => text.includes(word));
  return found!.replace(/^[$#] /, "");
}

t.test("install-to puts it below a prefix", { skip }, async (t) => {
  const words = /^# npm run install-to -- (.*)$/m.exec(page)?.[1]?.replace("/usr/local", prefix);
  execFileSync(process.execPath, [join(repository, "scripts/install-to.mjs"), words!]);
  t.match(here.run([installed, "--version"]).stdout, /^runt version/);
});

t.test("Podman and Buildah", { skip }, async (t) => {
  // Not of the page: storage of the test's own, and limits that machines without CAP_SYS_RESOURCE can set.
  const folders = ["root", "runroot"].flatMap((name) => [`--${name}`, here.folder(`podman/${name}`)]);
  const own = [...folders, "--storage-driver", "overlay"];
  const podmanOwn = [...own, "--tmpdir", here.folder("podman/tmp"), "--events-backend", "file"];
  if (!hasSystemd) podmanOwn.push("--cgroup-manager", "cgroupfs");
  const limits = ulimits();
  const shell = (script: string, CONTAINERS_CONF: string) =>
    here.run(["sh", "-c", script], { env: { CONTAINERS_CONF } });

  const bare = here.file("bare.conf", limits);
  const ours = `podman ${quoted(podmanOwn)}`;
  t.equal(shell(`${ours} import ${rootfsTar(here)} ${IMAGE}`, bare).status, 0);
  const once = line("Podman and Buildah", "podman --runtime").replace("podman", ours).replace("IMAGE", IMAGE);
  t.match(once, installed);
  const answer = shell(once.replace("run --rm", `run --rm ${NO_NETWORK}`), bare);
  t.equal(answer.stdout, "hello\n", `${once}: ${answer.stderr}`);

  const folder = here.folder("build");
  writeFileSync(join(folder, "Containerfile"), `FROM localhost/${IMAGE}\nRUN echo built > /made\n`);
  const bud = line("Podman and Buildah", "buildah").replace("buildah", `buildah ${quoted(own)}`);
  const built = shell(`cd ${folder} && ${bud.replace(/ bud \.$/, " bud --network none --tag built .")}`, bare);
  t.equal(built.status, 0, built.text);

  const conf = here.file("containers.conf", limits + block("Podman and Buildah", "toml"));
  const path = shell(`${ours} info --format '{{.Host.OCIRuntime.Path}}'`, conf);
  t.equal(path.stdout.trim(), installed, path.stderr);
  t.equal(shell(`${ours} run --rm ${NO_NETWORK} built cat /made`, conf).stdout, "built\n");
  t.equal(shell(`${ours} run --rm ${NO_NETWORK} --cgroups=disabled ${IMAGE} echo none`, conf).stdout, "none\n");
});

t.test("Docker: daemon.json", { skip }, async (t) => {
  const docker = await Docker.start(here, ["--config-file", here.file("daemon.json", block("Docker", "json"))]);
  t.equal(docker.ok(["info", "--format", "{{.DefaultRuntime}}"]), "runt");
  t.match(docker.ok(["info", "--format", "{{json .Runtimes.runt}}"]), installed);
  t.equal(docker.shell("echo default"), "default");
  t.equal(docker.shell("echo chosen", "--runtime", "runt"), "chosen");
});

t.test("containerd: one container; the runtime of CRI", { skip }, async (t) => {
  const ctr = await Containerd.start(here);
  const options = /`ctr run (.*?) …`/.exec(page)![1]!.replace("/usr/local", prefix).split(" ");
  const answer = ctr.heard((id) => ["run", "--rm", ...options, CTR_IMAGE, id, "echo", "hello"]);
  t.equal(answer.stdout, "hello\n", answer.stderr);

  const config = here.file("cri.toml", block("containerd", "toml"));
  const dump = here.run(["containerd", "--config", config, "config", "dump"]);
  t.match(dump.stdout, /containerd\.runtimes\.runt\.options\][^[]*BinaryName = ".*\/bin\/runt"/, dump.stderr);
  t.match(dump.stdout, /containerd\.runtimes\.runt\.options\][^[]*SystemdCgroup = true/);
});

t.test("in the place of runc", { skip }, async (t) => {
  const link = /^`(ln -s .*?)`/m.exec(page)![1]!.replaceAll("/usr/local", prefix);
  const folder = here.folder("prefix/sbin");
  t.equal(here.run(["sh", "-c", link]).status, 0);
  await until("the link is there", () => here.run([join(folder, "runc"), "--version"]).status === 0);
  t.match(here.run([join(folder, "runc"), "--version"]).stdout, /^runc version/);
});
