// One guest: started from the saved state (or booted), given one command, thrown away.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guestScript } from "./command.mjs";
import { ports, qemuArguments, sharePlace } from "./qemu.mjs";
import { linesOf, Qmp } from "./qmp.mjs";
import { hardware, virtiofsd } from "./settings.mjs";

/** Both streams of a migration leave out the memory, which is a file already. */
const capabilities = {
  capabilities: ["x-ignore-shared", "events"].map((capability) => ({ capability, state: true })),
};

export class Machine {
  #image;
  #folder;
  #children = [];
  #sockets = {};
  #qemu;
  #qmp;
  #ended = false;

  constructor(image) {
    this.#image = image;
    // The guest's memory: in memory, when there is room.
    const fits = existsSync("/dev/shm") && statfsSync("/dev/shm").bavail * statfsSync("/dev/shm").bsize > 3 * 2 ** 30;
    this.#folder = mkdtempSync(join(fits ? "/dev/shm" : tmpdir(), "runt-vm-"));
  }

  /** Kills what is left of it. Safe at any time. */
  close() {
    this.#ended = true;
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Closes it when this process ends, also by a signal. */
  closeAtExit() {
    process.on("exit", () => this.close());
    for (const [signal, number] of Object.entries({ SIGINT: 2, SIGTERM: 15, SIGHUP: 1 })) {
      process.on(signal, () => process.exit(128 + number));
    }
  }

  /** The last lines of the guest's console: what is known when it does not answer. */
  console(lines = 20) {
    const path = join(this.#folder, "console");
    return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n").slice(-lines).join("\n") : "";
  }

  #failure(message) {
    return new Error(`${message}\n${this.console()}`.trimEnd());
  }

  #spawn(program, args) {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#children.push(child);
    child.text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        child.text += chunk;
      });
    }
    return child;
  }

  /** Starts QEMU; all its sockets are connected when this returns. */
  async #start(options) {
    const connected = [...ports, "qmp"].map((name) => {
      const server = createServer();
      const connection = new Promise((done) => server.once("connection", done));
      return new Promise((listening) => server.listen(join(this.#folder, name), listening))
        .then(() => connection)
        .then((socket) => {
          server.close();
          socket.on("error", () => {});
          this.#sockets[name] = socket;
        });
    });
    this.#qemu = this.#spawn(hardware.qemu, qemuArguments({ ...options, image: this.#image, folder: this.#folder }));
    const gone = new Promise((_, failed) => {
      this.#qemu.on("error", failed);
      this.#qemu.on("exit", (status, signal) => {
        if (!this.#ended) failed(this.#failure(`QEMU ended (${signal ?? status}): ${this.#qemu.text}`));
      });
    });
    gone.catch(() => {});
    this.gone = gone;
    await Promise.race([gone, Promise.all(connected)]);
    this.#qmp = new Qmp(this.#sockets.qmp);
    await this.#qmp.execute("qmp_capabilities");
    this.lines = linesOf(this.#sockets.control)[Symbol.asyncIterator]();
  }

  /** Boots; returns when the agent is ready for a command. */
  async boot({ keep = false, patience = 300 } = {}) {
    await this.#start({ keep });
    const { value } = await this.within(patience, "the guest did not boot", this.lines.next());
    if (value !== "ready") throw this.#failure(`the agent said ${value}`);
  }

  /** Starts from the saved state, in which the agent waits for a command. Stands still until `run`. */
  async restore() {
    const copy = spawnSync("cp", ["--sparse=always", join(this.#image, "ram"), join(this.#folder, "ram")]);
    if (copy.status !== 0) throw new Error(`the guest's memory can't be copied: ${copy.stderr}`);
    await this.#start({ restore: true });
    await this.#qmp.execute("migrate-set-capabilities", capabilities);
    const uri = `exec:cat ${join(this.#image, "state")}`;
    const restored = this.#qmp.migrated(() => this.#qmp.execute("migrate-incoming", { uri }));
    await this.within(60, "the saved machine was not restored", restored);
  }

  /** Saves the state of a booted machine beside its disk, and ends it. */
  async save() {
    await this.#qmp.execute("stop");
    await this.#qmp.execute("migrate-set-capabilities", capabilities);
    const uri = `exec:cat > ${join(this.#image, "state")}`;
    await this.within(
      120,
      "the machine was not saved",
      this.#qmp.migrated(() => this.#qmp.execute("migrate", { uri })),
    );
    await this.#quit();
    const copy = spawnSync("cp", ["--sparse=always", join(this.#folder, "ram"), join(this.#image, "ram")]);
    if (copy.status !== 0) throw new Error(`the guest's memory can't be copied: ${copy.stderr}`);
  }

  async #quit() {
    this.#ended = true;
    const exit = new Promise((done) => this.#qemu.once("exit", done));
    this.#qmp.execute("quit").catch(() => {});
    await exit;
  }

  /** A promise's value, unless it takes too long or QEMU ends. */
  async within(seconds, message, promise) {
    let timer;
    const late = new Promise((_, failed) => {
      timer = setTimeout(() => failed(this.#failure(`${message} within ${seconds} s`)), seconds * 1000);
    });
    try {
      return await Promise.race([promise, late, this.gone]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Plugs in a shared folder; the guest mounts it by its tag. */
  async #share(host, index) {
    const tag = `share${index}`;
    const socket = join(this.#folder, tag);
    const options = ["-o", `source=${host}`, "-o", "cache=auto", "-o", "sandbox=namespace"];
    const daemon = this.#spawn(virtiofsd(), [`--socket-path=${socket}`, ...options]);
    for (let tries = 0; !existsSync(socket); tries++) {
      if (daemon.exitCode !== null || tries > 250) throw new Error(`virtiofsd for ${host}: ${daemon.text}`);
      await new Promise((done) => setTimeout(done, 20));
    }
    const backend = { type: "socket", data: { addr: { type: "unix", data: { path: socket } }, server: false } };
    await this.#qmp.execute("chardev-add", { id: tag, backend });
    const device = { driver: "vhost-user-fs-pci", chardev: tag, tag, id: tag, ...sharePlace(index) };
    await this.#qmp.execute("device_add", device);
  }

  /** Runs a command and returns its exit status. The streams get all that it has printed. */
  async run({ shares = [], stdout = process.stdout, stderr = process.stderr, timeout = 0, ...command }) {
    for (const [index, { host }] of shares.entries()) await this.#share(host, index);
    const received = { stdout: 0, stderr: 0 };
    let progress = () => {};
    for (const [name, stream] of Object.entries({ stdout, stderr })) {
      this.#sockets[name].on("data", (chunk) => {
        received[name] += chunk.length;
        if (!stream.write(chunk)) {
          this.#sockets[name].pause();
          stream.once("drain", () => this.#sockets[name].resume());
        }
        progress();
      });
    }
    const script = Buffer.from(guestScript({ shares, ...command })).toString("base64");
    this.#sockets.control.write(`${script}\n`);
    await this.#qmp.execute("cont");
    const end = this.lines.next();
    const { value } = await (timeout
      ? this.within(timeout, "the command did not end", end)
      : Promise.race([end, this.gone]));
    const [, status, out, err] = /^exit (\d+) (\d+) (\d+)$/.exec(value ?? "") ?? [];
    if (status === undefined) throw this.#failure(`the agent said ${value}`);
    const complete = new Promise((done) => {
      progress = () => received.stdout >= Number(out) && received.stderr >= Number(err) && done();
      progress();
    });
    await this.within(30, "not all output has arrived", complete);
    await this.#quit();
    return Number(status);
  }
}
