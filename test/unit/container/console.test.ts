// Who may ask for a terminal: the messages are runc's.

import t from "tap";
import { checkConsole } from "../../../src/container/console.js";

t.test("a detached container's terminal must be given to somebody", async (t) => {
  t.throws(() => checkConsole("runt", true, true, undefined), {
    message: "cannot allocate tty if runt will detach without setting console socket",
  });
  t.doesNotThrow(() => checkConsole("runt", true, true, "/s"));
});

t.test("a console socket that nothing would be sent to is refused", async (t) => {
  const message = "cannot use console socket if runc will not detach or allocate tty";
  t.throws(() => checkConsole("runc", true, false, "/s"), { message });
  t.throws(() => checkConsole("runc", false, true, "/s"), { message });
  t.throws(() => checkConsole("runc", false, false, "/s"), { message });
  t.doesNotThrow(() => checkConsole("runc", false, true, undefined));
  t.doesNotThrow(() => checkConsole("runc", false, false, undefined));
});
