import { RuntError } from "../../errors.js";
import { native } from "../../host/native.js";
import { bashCompletion } from "../completion/bash.js";
import { fishCompletion } from "../completion/fish.js";
import { zshCompletion } from "../completion/zsh.js";
import type { Context } from "../context.js";

const SHELLS: Readonly<Record<string, (program: string) => string>> = {
  bash: bashCompletion,
  fish: fishCompletion,
  zsh: zshCompletion,
};

/** `runt completion SHELL`: a script on stdout, for the name that runt was called by. */
export function run({ program, positionals }: Context): number {
  const shell = positionals[0]!;
  const make = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  if (!make) {
    throw new RuntError({
      cause: `no completion for ${JSON.stringify(shell)}`,
      hint: "there is one for bash, fish, zsh",
    });
  }
  native().writeFd(1, make(program));
  return 0;
}
