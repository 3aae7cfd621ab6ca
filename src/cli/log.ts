// The log in the two shapes that callers parse: logrus text on stderr, or in a file, as text
// or as JSON lines. containerd, CRI-O and conmon look for "level", "msg" and "time".

import { native } from "../host/native.js";

export type LogLevel = "error" | "warning" | "info" | "debug";
export type LogFormat = "text" | "json";

/** O_WRONLY | O_CREAT | O_APPEND. */
const OPEN_APPEND = 0o1 | 0o100 | 0o2000;

const settings: { debug: boolean; format: LogFormat; fd: number | null } = {
  debug: false,
  format: "text",
  fd: null,
};

/**
 * Sets where the log goes and how. In: the file (undefined: stderr), which is created when
 * missing. Throws NativeError when it can't be opened.
 */
export function openLog(options: { file?: string; format: LogFormat; debug: boolean }): void {
  settings.debug = options.debug;
  settings.format = options.format;
  if (options.file !== undefined) settings.fd = native().open(options.file, OPEN_APPEND, 0o644);
}

/** The line of the log for a message. `time` is RFC 3339, in UTC. */
export function logLine(level: LogLevel, message: string, format: LogFormat, time: string): string {
  if (format === "json") return `${JSON.stringify({ level, msg: message, time })}\n`;
  return `time="${time}" level=${level} msg=${quoteValue(message)}\n`;
}

/** logrus quotes a value unless it is made of plain characters only; the quoting is that of Go's %q. */
export function quoteValue(text: string): string {
  if (/^[A-Za-z0-9._/@^+-]+$/.test(text)) return text;
  const named: Record<string, string> = {
    '"': '\\"',
    "\\": "\\\\",
    "\x07": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
  };
  const escaped = text.replace(/["\\\x00-\x1f\x7f]|[\u0080-\u00a0\u00ad\u2028\u2029\ufeff]/g, (character) => {
    const code = character.charCodeAt(0);
    const hex = code.toString(16);
    return named[character] ?? (code < 0x80 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`);
  });
  return `"${escaped}"`;
}

/**
 * Reports the error that ends a command: to the log, and, when that is a file, in bare words
 * to stderr as well, for whoever looks at the terminal.
 */
export function logError(message: string): void {
  write("error", message);
  if (settings.fd !== null) native().writeFd(2, `${message}\n`);
}

export function logWarning(message: string): void {
  write("warning", message);
}

/** Only with --debug. */
export function logDebug(message: string): void {
  if (settings.debug) write("debug", message);
}

function write(level: LogLevel, message: string): void {
  const time = `${new Date().toISOString().slice(0, 19)}Z`;
  try {
    native().writeFd(settings.fd ?? 2, logLine(level, message, settings.format, time));
  } catch {
    // Nobody reads stderr any more (EPIPE) or the disk is full: the command's status still tells.
  }
}
