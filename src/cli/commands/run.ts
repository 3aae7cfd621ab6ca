import { runContainer } from "../../container/run.js";
import type { Context } from "../context.js";
import { createRequest } from "../create-request.js";

/** `runt run`: the exit status is that of the container, unless detached. */
export function run(context: Context): Promise<number> {
  const { options } = context;
  return runContainer({
    ...createRequest(context),
    detach: options.bool("detach"),
    waitForStart: false,
    keep: options.bool("keep"),
    subreaper: !options.bool("no-subreaper"),
  });
}
