// What the callers have in common: command lines of their client program, run in their place.

import { type Answer, type CommandOptions, type Place, quoted } from "./place.js";

export interface CallOptions extends CommandOptions {
  /** Words before the client program: it is run by another one. */
  via?: readonly string[];
}

export abstract class Caller {
  readonly #place: Place;
  readonly #command: readonly string[];
  readonly #env: NodeJS.ProcessEnv;

  /** In: the client program with the options that every call has (and words before it), and its environment. */
  protected constructor(place: Place, command: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#place = place;
    this.#command = command;
    this.#env = env;
  }

  words(args: readonly string[]): string[] {
    return [...this.#command, ...args];
  }

  run(args: readonly string[], options: CallOptions = {}): Answer {
    return this.#place.run([...(options.via ?? []), ...this.words(args)], this.#with(options));
  }

  /** Command lines of the client program, all at once; `text` is what they print together. */
  together(commands: readonly (readonly string[])[]): Answer {
    const line = commands.map((args) => `${quoted(this.words(args))} &`).join(" ");
    return this.#place.run(["sh", "-c", `${line} wait`], this.#with({}));
  }

  /** As run(), under a terminal. */
  terminal(args: readonly string[], options: CommandOptions = {}): Answer {
    return this.#place.runInTerminal(this.words(args), this.#with(options));
  }

  #with(options: CommandOptions): CommandOptions {
    return { ...options, env: { ...this.#env, ...options.env } };
  }

  /** What a command prints, without the last newline; throws when it fails. */
  ok(args: readonly string[], options: CallOptions = {}): string {
    const { status, stdout, stderr } = this.run(args, options);
    if (status !== 0) throw new Error(`${quoted(this.words(args))}: status ${status}: ${stdout}${stderr}`);
    return stdout.trim();
  }
}
