// A normal user with subordinate ids, for callers without root: the guest's `tester` in a session of its
// own systemd, elsewhere one that exists in a private view of /etc alone.

import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { SUBORDINATE, GID as TEST_GID, UID as TEST_UID } from "../../helpers/rootless.js";
import { hasSystemd, type Place } from "./place.js";

export class NormalUser {
  /** They run what follows them as the user. */
  readonly words: readonly string[];
  readonly uid: number;
  readonly gid: number;
  /** A group of the machine that the user is in besides, and that no user namespace of the user's maps. */
  readonly group = SUBORDINATE - 1;
  /** The first of the subordinate ids. */
  readonly subordinate: number;
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
    const tester = hasSystemd && /^tester:x:(\d+):(\d+):/m.exec(readFileSync("/etc/passwd", "utf8"));
    const ids = tester ? [Number(tester[1]), Number(tester[2])] : [TEST_UID, TEST_GID];
    [this.uid, this.gid] = ids as [number, number];
    this.subordinate = tester ? 100000 : SUBORDINATE;
    const home = place.folder("home");
    const runtimeDir = tester ? `/run/user/${this.uid}` : place.folder("xdg");
    if (!tester) chmodSync(runtimeDir, 0o700);
    for (const folder of tester ? [home] : [home, runtimeDir]) this.#give(folder);
    const env = [`HOME=${home}`, `USER=${this.name}`, `LOGNAME=${this.name}`, `XDG_RUNTIME_DIR=${runtimeDir}`];
    const become = ["setpriv", `--reuid=${this.uid}`, `--regid=${this.gid}`, `--groups=${this.group}`, "env"];
    this.words = tester
      ? // A delegated scope, as a login of the user's has it.
        [
          ...[...become, ...env, `DBUS_SESSION_BUS_ADDRESS=unix:path=${runtimeDir}/bus`],
          ...["systemd-run", "--user", "--scope", "--quiet", "--property=Delegate=yes", "--"],
        ]
      : [...this.#ownEtc(home), ...become, ...env];
  }

  get name(): string {
    return this.subordinate === SUBORDINATE ? "runt-tester" : "tester";
  }

  /** A folder of the place, and all in it, becomes the user's. */
  owns(name: string): string {
    const path = this.#place.folder(name);
    this.#give(path);
    return path;
  }

  #give(path: string): void {
    execFileSync("chown", ["-R", `${this.uid}:${this.gid}`, path]);
  }

  /** A mount namespace in which the user is in /etc/passwd and has subordinate ids; the words enter it. */
  #ownEtc(home: string): string[] {
    const files = {
      passwd: `root:x:0:0::/root:/bin/sh\nrunt-tester:x:${TEST_UID}:${TEST_GID}::${home}:/bin/sh\n`,
      group: `root:x:0:\nrunt-tester:x:${TEST_GID}:\n`,
      subuid: `runt-tester:${SUBORDINATE}:65536\n`,
      subgid: `runt-tester:${SUBORDINATE}:65536\n`,
    };
    return this.#place.mountNamespace(
      Object.entries(files).map(([name, text]) => `mount --bind ${this.#place.file(name, text)} /etc/${name}`),
    );
  }
}
