// Where mounts come from and where they go: config.md, "Mounts" (destination, source, type), and what
// propagation, masks and a read-only root do to them.

import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import t from "tap";
import { mountAt } from "../helpers/report.js";
import { sandbox } from "../helpers/sandbox.js";

t.test("bind sources of every kind: a symlink is followed, a FIFO and a socket are mounted on files", async (t) => {
  const box = sandbox(t);
  const server = createServer().listen(join(box.dir, "socket"));
  t.teardown(() => server.close());
  await new Promise((done) => server.once("listening", done));
  execFileSync("mkfifo", [join(box.dir, "fifo")]);
  const text = box.shell("cat /link/file; stat -c '%n %F' /fifo /socket /one", (config, bundle) => {
    const data = join(bundle, "data");
    mkdirSync(data);
    writeFileSync(join(data, "file"), "linked\n");
    symlinkSync("data", join(bundle, "link"));
    for (const [destination, source] of [
      ["/link", "link"],
      ["/fifo", join(box.dir, "fifo")],
      ["/socket", join(box.dir, "socket")],
      ["/one", join(data, "file")],
    ] as const)
      config.mounts.push({ destination, source, options: ["bind"] });
  });
  t.same(text.split("\n"), ["linked", "/fifo fifo", "/socket socket", "/one regular file"]);
});

t.test("a directory goes on a directory and a file on a file", async (t) => {
  const box = sandbox(t);
  for (const [source, destination, words] of [
    ["/etc", "/etc/group", /mounts\[7\] \(\/etc\/group → \/etc\): mount a directory on the file .*not a directory/],
    ["/etc/passwd", "/etc", /mounts\[7\] \(\/etc → \/etc\/passwd\): mount a file on the directory .*not a directory/],
    ["/etc", "/etc/group/x", /mounts\[7\].*not a directory/],
  ] as const) {
    const result = box.runContainer((config) => {
      config.mounts.push({ destination, source, options: ["bind"] });
    });
    t.equal(result.status, 1);
    t.match(result.stderr, words);
  }
});

t.test("targets that do not exist are made, however deep; relative ones are taken from /", async (t) => {
  const box = sandbox(t);
  const result = box.runContainer((config) => {
    config.process.args = ["/bin/sh", "-c", "for path in /a/b/c/d/e /rel/ative /up; do stat -f -c '%n %T' $path; done"];
    config.mounts.push(
      { destination: "/a/b/c/d/e", type: "tmpfs" },
      { destination: "rel/./ative/", type: "tmpfs" },
      { destination: "../../up", type: "tmpfs" },
    );
  });
  t.equal(result.status, 0, result.stderr);
  t.same(result.stdout.trim().split("\n"), ["/a/b/c/d/e tmpfs", "/rel/ative tmpfs", "/up tmpfs"]);
  t.match(result.stderr, /mounts\[8\]\.destination: relative mount destinations are deprecated/);
});

t.test("the type of a bind mount is a dummy, the options say that it is one", async (t) => {
  const box = sandbox(t);
  for (const type of ["none", "bind", "ext4", "nonsense", undefined]) {
    const result = box.runContainer((config) => {
      config.process.args = ["/bin/sh", "-c", "ls /data"];
      config.mounts.push({
        destination: "/data",
        source: "/proc/self/task",
        ...(type ? { type } : {}),
        options: ["rbind"],
      });
    });
    t.equal(result.status, 0, `${type}: ${result.stderr}`);
  }
  const result = box.runContainer((config) => {
    config.mounts.push({ destination: "/data", source: "/etc", type: "bind" });
  });
  t.match(result.stderr, /mounts\[7\].*is no file system type \(a bind mount has .*rbind.* among its options\)/);
});

// Every propagation, on a mount that is shared on the host and has a shared one below it.
const propagations: [option: string, top: RegExp, below: RegExp][] = [
  ["private", /^$/, /^master:\d+$/],
  ["rprivate", /^$/, /^$/],
  ["slave", /^master:\d+$/, /^master:\d+$/],
  ["rslave", /^master:\d+$/, /^master:\d+$/],
  ["shared", /^shared:\d+ master:\d+$/, /^master:\d+$/],
  ["rshared", /^shared:\d+ master:\d+$/, /^shared:\d+ master:\d+$/],
  ["unbindable", /^unbindable$/, /^master:\d+$/],
  ["runbindable", /^unbindable$/, /^unbindable$/],
];

t.test("propagation of a mount, and with an r of the mounts below it", async (t) => {
  const box = sandbox(t);
  const shared = join(box.dir, "shared");
  mkdirSync(shared);
  const prepare = `mount -t tmpfs --make-shared tmpfs ${shared} && mkdir ${shared}/below && mount -t tmpfs --make-shared tmpfs ${shared}/below && exec "$@"`;
  const report = box.probe(
    (config) => {
      for (const [option] of propagations) {
        config.mounts.push({ destination: `/m/${option}`, source: shared, options: ["rbind", option] });
      }
    },
    { via: ["unshare", "-m", "--propagation", "private", "sh", "-c", prepare, "sh"] },
  );
  for (const [option, top, below] of propagations) {
    t.match(mountAt(report, `/m/${option}`)!.propagation.join(" "), top, option);
    t.match(mountAt(report, `/m/${option}/below`)!.propagation.join(" "), below, `${option}: below`);
  }
});

t.test("the access times of a whole tree: every r option", async (t) => {
  const box = sandbox(t);
  const shared = join(box.dir, "shared");
  mkdirSync(join(shared, "below"), { recursive: true });
  const cases: [options: string[], word: string, there: boolean][] = [
    [["rnoatime"], "noatime", true],
    [["rnoatime", "ratime"], "noatime", false],
    [["rstrictatime"], "relatime", false],
    [["rstrictatime", "rnostrictatime"], "relatime", true],
    [["rrelatime"], "relatime", true],
    [["rnoatime", "rnorelatime"], "noatime", true],
    [["rrelatime", "rnorelatime"], "relatime", true],
  ];
  const report = box.probe(
    (config) => {
      cases.forEach(([options], index) => {
        config.mounts.push({ destination: `/m/${index}`, source: shared, options: ["rbind", ...options] });
      });
    },
    { via: ["unshare", "-m", "sh", "-c", `mount -t tmpfs tmpfs ${shared}/below && exec "$@"`, "sh"] },
  );
  cases.forEach(([options, word, there], index) => {
    for (const path of [`/m/${index}`, `/m/${index}/below`]) {
      t.equal(mountAt(report, path)!.options.includes(word), there, `${options}: ${word} at ${path}`);
    }
  });
});

t.test(
  "masked and read-only paths: links of the image are followed inside the root, what is missing is passed over",
  async (t) => {
    const box = sandbox(t);
    const outside = join(box.dir, "secret");
    writeFileSync(outside, "host\n");
    const text = box.shell(
      "cat /real /link; ls /dir | wc -l; echo x 2>&- >/frozen/x || echo read-only; echo y >/frozen/open/y && cat /frozen/open/y; cat /bound",
      (config, bundle) => {
        const root = join(bundle, "rootfs");
        writeFileSync(join(root, "real"), "image\n");
        // Absolute: of the image, not of the host.
        symlinkSync("/real", join(root, "link"));
        for (const path of ["dir/sub", "frozen/open"]) mkdirSync(join(root, path), { recursive: true });
        mkdirSync(join(bundle, "data"));
        config.mounts.push(
          { destination: "/frozen/open", source: "data", options: ["bind"] },
          { destination: "/bound", source: outside, options: ["bind"] },
        );
        config.linux.maskedPaths = ["/link", "/dir", "/dir", "/dir/", "/no/such", "/bound", "/real/below"];
        config.linux.readonlyPaths = ["/frozen", "/frozen", "/no/such"];
      },
    );
    t.same(
      text.split("\n"),
      ["0", "read-only", "y"],
      "both names of a masked file are empty, a mount below stays writable",
    );
    t.ok(existsSync(outside));
  },
);

t.test("a read-only root: mount points are made before, and the mounts on them are as they say", async (t) => {
  const box = sandbox(t);
  const text = box.shell(
    "touch /x 2>&- || echo root; touch /new/x && echo tmpfs; touch /ro/x 2>&- || echo ro",
    (config, bundle) => {
      config.root.readonly = true;
      mkdirSync(join(bundle, "data"));
      config.mounts.push(
        { destination: "/new", type: "tmpfs" },
        { destination: "/ro", source: "data", options: ["bind", "ro"] },
      );
    },
  );
  t.same(text.split("\n"), ["root", "tmpfs", "ro"]);
});

t.test("tmpcopyup: links stay links, modes and owners are kept, a target that is missing is empty", async (t) => {
  const text = sandbox(t).shell(
    "stat -c '%n %F %a %u:%g' /full/file /full/link /full/dir; ls -A /empty | wc -l",
    (config, bundle) => {
      const full = join(bundle, "rootfs/full");
      mkdirSync(join(full, "dir"), { recursive: true });
      writeFileSync(join(full, "file"), "");
      execFileSync("sh", ["-c", `chown 3:4 ${full}/file && chmod 4751 ${full}/file && chmod 1777 ${full}/dir`]);
      symlinkSync("/etc/shadow", join(full, "link"));
      for (const destination of ["/full", "/empty"]) {
        config.mounts.push({ destination, type: "tmpfs", options: ["tmpcopyup"] });
      }
    },
  );
  t.same(text.split("\n"), [
    "/full/file regular empty file 4751 3:4",
    "/full/link symbolic link 777 0:0",
    "/full/dir directory 1777 0:0",
    "0",
  ]);
});

t.test("the links of /dev are made where the image has none, and left alone where it has", async (t) => {
  const text = sandbox(t).shell("readlink /dev/stdin; readlink /dev/fd", (config, bundle) => {
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/dev"));
    mkdirSync(join(bundle, "rootfs/dev"), { recursive: true });
    symlinkSync("/proc/thread-self/fd/0", join(bundle, "rootfs/dev/stdin"));
  });
  t.same(text.split("\n"), ["/proc/thread-self/fd/0", "/proc/self/fd"]);
});

t.test("two clocks with offsets, also negative ones", async (t) => {
  const report = sandbox(t).probe((config) => {
    config.linux.namespaces.push({ type: "time" });
    config.linux.timeOffsets = { monotonic: { secs: 86400, nanosecs: 5 }, boottime: { secs: -1 } };
  });
  const [monotonic, boottime] = execFileSync("cat", ["/proc/uptime"], { encoding: "utf8" }).split(" ").map(Number) as [
    number,
    number,
  ];
  t.ok(report.monotonic > 86400, `${report.monotonic}`);
  t.ok(report.boottime < monotonic, `${report.boottime} is behind ${monotonic} (${boottime})`);
});

t.test("annotations come back in the state, unknown properties are passed over", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
    config.annotations = { "com.example.key": "value", "org.other": "" };
    config.somethingNew = { x: 1 };
    config.linux.somethingElse = [1];
    config.mounts.push({ destination: "/m", type: "tmpfs", future: true });
  });
  const { id } = box.create(bundle);
  t.same(box.state(id)!.annotations, { "com.example.key": "value", "org.other": "" });
  t.ok(lstatSync(join(bundle, "rootfs/m")).isDirectory());
});
