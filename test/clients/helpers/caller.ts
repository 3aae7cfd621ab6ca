// What the callers have in common: command lines of their client program, run in their place.

import type { Answer, CommandOptions, Place } from "./place.js";

export abstract class Caller {
  readonly #place: Place;
  readonly #command: readonly string[];
  readonly #env: NodeJS.ProcessEnv;

  /** In: the client program with the options that every call has, and its environment. */
  protected constructor(place: Place, command: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#place = place;
    this.#command = command;
    this.#env = env;
  }

  words(args: readonly string[]): string[] {
    return [...this.#command, ...args];
  }

  run(args: readonly string[], options: CommandOptions = {}): Answer {
    return this.#place.run(this.words(args), { ...options, env: { ...this.#env, ...options.env } });
  }

  /** As run(), under a terminal. */
  terminal(args: readonly string[], options: CommandOptions = {}): Answer {
    return this.#place.runInTerminal(this.words(args), { ...options, env: { ...this.#env, ...options.env } });
  }

  /** What a command prints, without the last newline; throws when it fails. */
  ok(args: readonly string[], options: CommandOptions = {}): string {
    const { status, stdout, stderr } = this.run(args, options);
    if (status !== 0) throw new Error(`${this.#command[0]} ${args.join(" ")}: status ${status}: ${stdout}${stderr}`);
    return stdout.trim();
  }
}
