// QEMU's control protocol (QMP): JSON, one object a line.
import { createInterface } from "node:readline";

/** The lines of a socket. That QEMU has closed it is seen by who waits for QEMU's end. */
export function linesOf(socket) {
  return createInterface({ input: socket }).on("error", () => {});
}

export class Qmp {
  #socket;
  #answers = [];
  #waiting = [];

  constructor(socket) {
    this.#socket = socket;
    linesOf(socket).on("line", (line) => this.#take(JSON.parse(line)));
  }

  #take(message) {
    if (message.event) {
      for (const waiter of this.#waiting.filter((each) => each.matches(message))) waiter.done(message);
      this.#waiting = this.#waiting.filter((waiter) => !waiter.matches(message));
    } else if ("return" in message || message.error) this.#answers.shift()?.(message);
  }

  /** Runs a command; throws what QEMU has against it. */
  async execute(command, parameters = {}) {
    const answer = new Promise((done) => this.#answers.push(done));
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: parameters })}\n`);
    const { error, ...result } = await answer;
    if (error) throw new Error(`${command}: ${error.desc}`);
    return result.return;
  }

  /** Waits for an event. Ask before the command that leads to it. */
  event(matches) {
    return new Promise((done) => this.#waiting.push({ matches, done }));
  }

  /** Waits until a migration (a machine that is saved or restored) has ended. */
  async migrated(start) {
    const ended = this.event(
      ({ event, data }) => event === "MIGRATION" && ["completed", "failed"].includes(data.status),
    );
    await start();
    const { data } = await ended;
    if (data.status === "failed") throw new Error("the machine's state could not be saved or restored");
  }
}
