// A script of this repository's tests, run in the guest on a copy of the checkout.
import { join } from "node:path";
import { fail, root, run } from "../../scripts/tools.mjs";

/**
 * In: `label` for messages; `script` of scripts/ with its `words`; `patience`, how many times longer than
 * usual the tests may take; `seconds` until the guest is ended. What the script has written to
 * build/clients there is in build/clients here afterwards.
 * Out: the script's exit status and its counts. Ends this process when there are none.
 */
export async function suiteInGuest({ label, script, words, patience, seconds }) {
  const { image } = await import("./image.mjs");
  const { Machine } = await import("./machine.mjs");
  const { isForeign } = await import("./settings.mjs");
  // A checkout of another architecture is prepared where it is built (docs/testing.md).
  if (!isForeign) run(process.execPath, ["test/vm/prepare.mjs"]);
  const machine = new Machine(await image());
  machine.closeAtExit();
  let tail = "";
  const stdout = {
    write(chunk) {
      tail = (tail + chunk).slice(-400);
      return process.stdout.write(chunk);
    },
    once: (event, listener) => process.stdout.once(event, listener),
  };
  const none = (message) => fail(`${label}: ${message}\n\n0 passed, 1 failed, 0 skipped`);
  let status;
  try {
    await machine.restore();
    const command = ["bash", join(root, "test/vm/suite.sh"), root, `scripts/${script}`, ...words];
    const env = { RUNT_TEST_PATIENCE: String(patience) };
    status = await machine.run({
      shares: [{ host: root, guest: root }],
      cwd: "/",
      command,
      env,
      stdout,
      timeout: seconds,
    });
  } catch (error) {
    none(error.message);
  }
  machine.close();
  const counts = /(\d+) passed, (\d+) failed, (\d+) skipped\n$/.exec(tail)?.slice(1).map(Number);
  if (!counts) none(`no counts came from the guest (exit status ${status})`);
  const [passed, failed, skipped] = counts;
  return { status, passed, failed, skipped };
}
