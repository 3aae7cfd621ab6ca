// Runs a command in the test guest: npm run vm -- [OPTION ...] [--] COMMAND [ARGUMENT ...]
//
//   --user NAME        as this user, in a session of its own with a delegated cgroup (tester)
//   --env NAME[=VALUE] sets a variable, or passes ours on
//   --cwd DIR          working directory (default: the checkout)
//   --share DIR[:DIR]  one more folder, seen in the guest at the same path or at the second one
//   --timeout SECONDS  ends the guest when the command takes longer (exit status 124)
//   --boot             boots instead of taking the saved machine: another 15 s
//   --rebuild          builds the guest anew, with today's packages
//
// The checkout is seen at its own path. The guest is thrown away afterwards; what was written to
// shared folders stays. The exit status is the command's; 125 when the guest itself failed.
import { existsSync, realpathSync } from "node:fs";
import { image } from "../test/vm/image.mjs";
import { Machine } from "../test/vm/machine.mjs";
import { fail, root } from "./tools.mjs";

const options = { env: {}, shares: [{ host: root, guest: root }], cwd: root };
const words = process.argv.slice(2);
const value = (name) => words.shift() ?? fail(`vm: ${name} needs a value`, 125);
while (words[0]?.startsWith("-")) {
  const word = words.shift();
  if (word === "--") break;
  else if (word === "--user") options.user = value(word);
  else if (word === "--cwd") options.cwd = value(word);
  else if (word === "--timeout") options.timeout = Number(value(word)) || fail("vm: --timeout needs seconds", 125);
  else if (word === "--boot") options.boot = true;
  else if (word === "--rebuild") options.rebuild = true;
  else if (word === "--env") {
    const [name, text = process.env[name]] = value(word).split(/=(.*)/s);
    if (text !== undefined) options.env[name] = text;
  } else if (word === "--share") {
    const [host, guest] = value(word).split(":");
    if (!existsSync(host)) fail(`vm: --share: there is no ${host}`, 125);
    options.shares.push({ host: realpathSync(host), guest: guest ?? realpathSync(host) });
  } else fail(`vm: unknown option ${word}`, 125);
}
if (words.length === 0) fail("usage: npm run vm -- [--user NAME] [--timeout SECONDS] COMMAND [ARGUMENT ...]", 125);

const machine = new Machine(await image(options));
machine.closeAtExit();
process.stdout.on("error", () => process.exit(141)); // nobody reads our output any more
try {
  await (options.boot ? machine.boot() : machine.restore());
  process.exitCode = await machine.run({ ...options, command: words });
} catch (error) {
  const late = /did not end within/.test(error.message);
  console.error(`vm: ${error.message}`);
  process.exitCode = late ? 124 : 125;
}
machine.close();
