// Service notification (sd_notify(3)): a caller with $NOTIFY_SOCKET, as systemd sets it for
// Type=notify, hears when the container's service is ready.
//
//   create            the container is given ROOT/ID/notify as /run/notify, and NOTIFY_SOCKET
//   start, run -d     listen there until READY=1, pass it on with the MAINPID of the container
//   run               passes on for as long as it is in the foreground; it stays the main process
//
// What may pass is decided in native/addon/notify.h.

import { RuntError } from "../errors.js";
import type { NotifySockets } from "../host/addon.js";
import { failure } from "../host/failure.js";
import { native } from "../host/native.js";
import { NOTIFY_NAME, notifyDirectory } from "./store.js";
import type { Reporter } from "./report.js";

const WHERE = "NOTIFY_SOCKET";

/** Makes what the container will see as /run/notify. In: the container's state directory. */
export function makeNotifyDirectory(stateDirectory: string): void {
  const directory = notifyDirectory(stateDirectory);
  native().mkdir(directory, 0o755);
  // Whatever the caller's umask: every user of the container must get through.
  native().chmod(directory, 0o755);
}

/** The service manager that wants to be told, and the socket that the container tells it by. */
export class Notifier {
  readonly makeDirectory = makeNotifyDirectory;
  private manager = -1;
  private socket = -1;

  /** In: $NOTIFY_SOCKET. Throws RuntError when it is no address of a unix socket. */
  constructor(
    private readonly address: string,
    private readonly report: Reporter,
  ) {
    if (!/^[/@]./s.test(address)) {
      throw new RuntError({
        where: WHERE,
        cause: `${JSON.stringify(address)} is neither an absolute path nor an abstract socket (@NAME)`,
        hint: "unset the variable when nobody waits for the container to be ready",
      });
    }
  }

  /** False when nobody listens: the container is not worth less for it, so that is a warning. */
  connect(): boolean {
    try {
      this.manager = native().connectDatagram(this.address);
      return true;
    } catch (error) {
      this.report.warn((failure(error, { where: WHERE, path: this.address }) as Error).message);
      return false;
    }
  }

  /** Listens for the container. False when it was created for a caller without $NOTIFY_SOCKET. */
  listen(stateDirectory: string): boolean {
    const directory = notifyDirectory(stateDirectory);
    if (native().lstat(directory) === null) return false;
    native().unlink(`${directory}/${NOTIFY_NAME}`);
    this.socket = native().listenNotify(directory, NOTIFY_NAME);
    return true;
  }

  /** For supervise: who passes on in the foreground. Undefined when nothing is to be passed on. */
  get sockets(): NotifySockets | undefined {
    const { socket, manager } = this;
    return socket < 0 || manager < 0 ? undefined : { socket, manager };
  }

  /** Waits until the container has said READY=1 and the manager knows, or until it has ended. */
  wait(pid: number, pidfd: number): void {
    if (!this.sockets) return;
    this.report.debug(`notify: waiting for READY=1 of process ${pid}`);
    const outcome = native().waitNotify({ ...this.sockets, pid, pidfd });
    this.report.debug(`notify: ${outcome}`);
    if (outcome === "ended") this.report.warn(`${WHERE}: the container has ended without having been ready`);
    if (outcome === "unconfirmed")
      this.report.warn(`${WHERE}: ${this.address} did not confirm that the container is ready`);
  }

  close(): void {
    for (const fd of [this.socket, this.manager]) native().close(fd);
    this.socket = -1;
    this.manager = -1;
  }
}
