import { createContainer } from "../../container/create.js";
import type { Context } from "../context.js";
import { createRequest } from "../create-request.js";

/** `runt create`: the container is made; its program waits for `runt start`. */
export async function run(context: Context): Promise<number> {
  const { session } = await createContainer(createRequest(context));
  session.close();
  return 0;
}
