import { updateContainer } from "../../container/update.js";
import { readState } from "../../container/store.js";
import { native } from "../../host/native.js";
import { loadResources } from "../../spec/load.js";
import type { LinuxResources } from "../../spec/types.gen.js";
import type { Context } from "../context.js";
import { reporter } from "../reporter.js";
import type { Options } from "../parse.js";
import { givenResourceFlags, nameFlag, resourcesOfFlags } from "../resource-flags.js";

/** `runt update`. */
export async function run({ global, options, positionals }: Context): Promise<number> {
  const id = positionals[0]!;
  readState(global.root, id);
  const resources = await resourcesAsked(options);
  const schema = (flag: string) => options.text(flag) || undefined;
  const schemas = { l3Cache: schema("l3-cache-schema"), memoryBandwidth: schema("mem-bw-schema") };
  try {
    await updateContainer({ root: global.root, id, resources, schemas, report: reporter });
  } catch (error) {
    throw options.given("resources") ? error : nameFlag(error);
  }
  return 0;
}

/** From the document when there is one, else from the flags: runc does not mix them. */
async function resourcesAsked(options: Options): Promise<LinuxResources> {
  const path = options.text("resources");
  if (path === undefined) return resourcesOfFlags(options);
  for (const name of givenResourceFlags(options)) {
    reporter.warn(`--${name} is ignored, since --resources is given`);
  }
  const { document, warnings } = path === "-" ? await readStdin() : await loadResources(path);
  for (const warning of warnings) reporter.warn(warning);
  return document;
}

function readStdin() {
  return loadResources("standard input", () => native().readFd(0));
}
