// Buildah builds with the runtime under test (BUILDAH_ISOLATION=oci).

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { rootfsTar } from "./helpers/image.js";
import { place, runtime } from "./helpers/place.js";

const here = place(t);
const options = ["root", "runroot"].flatMap((name) => [`--${name}`, here.folder(`buildah/${name}`)]);
const env = { BUILDAH_ISOLATION: "oci", BUILDAH_RUNTIME: runtime };
const words = (args: readonly string[]) => ["buildah", ...options, "--storage-driver", "overlay", ...args];
const buildah = (...args: string[]) => here.run(words(args), { env });

function ok(...args: string[]): string {
  const { status, stdout, text } = buildah(...args);
  if (status !== 0) throw new Error(`buildah ${args.join(" ")}: status ${status}: ${text}`);
  return stdout.trim();
}

// Hard limits can't be raised without CAP_SYS_RESOURCE, which development machines may lack.
const LIMITS = ["--ulimit", "nofile=20000:20000", "--ulimit", "nproc=30000:30000"];
const base = ok("from", ...LIMITS, "scratch");
ok("add", base, rootfsTar(here), "/");
ok("config", "--env", "PATH=/bin", base);

t.test("run prints and gives the exit status", async (t) => {
  t.equal(ok("run", base, "--", "echo", "hello"), "hello");
  t.equal(buildah("run", base, "--", "sh", "-c", "exit 7").status, 7);
});

t.test("run as a user, in a directory, with a volume", async (t) => {
  const folder = here.folder("volume");
  writeFileSync(join(folder, "file"), "data");
  t.equal(ok("run", "--user", "1000", base, "--", "id", "-u"), "1000");
  t.equal(ok("run", "--workingdir", "/tmp", base, "--", "pwd"), "/tmp");
  t.equal(ok("run", "--volume", `${folder}:/v`, base, "--", "cat", "/v/file"), "data");
});

t.test("run --tty", async (t) => {
  const { stdout } = here.runInTerminal(words(["run", "--tty", base, "--", "tty"]), { env });
  t.match(stdout, /\/dev\/pts\/0/);
});

t.test("a program that is missing is named", async (t) => {
  const answer = buildah("run", base, "--", "no-such-program");
  t.not(answer.status, 0);
  t.match(answer.text, /no-such-program/);
});

t.test("what is run is in the committed image; a Containerfile builds on it", async (t) => {
  ok("run", base, "--", "sh", "-c", "echo made > /made");
  ok("commit", "--quiet", base, "first");
  const folder = here.folder("build");
  writeFileSync(
    join(folder, "Containerfile"),
    "FROM localhost/first\nRUN echo $(cat /made)-again > /second\nRUN test -e /second\n",
  );
  ok("bud", ...LIMITS, "--quiet", "--memory", "64m", "--tag", "second", folder);
  const container = ok("from", ...LIMITS, "localhost/second");
  t.equal(ok("run", container, "--", "cat", "/second"), "made-again");
});

t.test("user namespaces", async (t) => {
  const mapping = ["--userns-uid-map", "0:100000:2000", "--userns-gid-map", "0:100000:2000"];
  const container = ok("from", ...LIMITS, ...mapping, "localhost/first");
  t.match(ok("run", container, "--", "cat", "/proc/self/uid_map"), /^\s*0\s+100000\s+2000$/);
});
