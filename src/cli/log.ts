// The log in the two shapes that callers parse: logrus text on stderr, or in a file, as text
// or as JSON lines. containerd, CRI-O and conmon look for "level", "msg" and "time". The journal
// and syslog are in log-service.ts.

import { failure } from "../host/failure.js";
import { native } from "../host/native.js";

export type LogLevel = "error" | "warning" | "info" | "debug";
export type LogFormat = "text" | "json";

export interface LogOptions {
  /** --log: PATH, file:PATH, journald:[IDENT] or syslog:[IDENT]; undefined or empty: stderr. */
  target: string | undefined;
  format: LogFormat;
  /** What is less urgent is left out. */
  level: LogLevel;
  /** The identifier when --log gives none. */
  program: string;
}

/** O_WRONLY | O_CREAT | O_APPEND. */
const OPEN_APPEND = 0o1 | 0o100 | 0o2000;

const RANK: Readonly<Record<LogLevel, number>> = { error: 0, warning: 1, info: 2, debug: 3 };

/** Where lines go besides stderr. */
type Sink = (level: LogLevel, message: string, time: string) => void;

const settings: { level: LogLevel; format: LogFormat; sink: Sink | null } = {
  level: "warning",
  format: "text",
  sink: null,
};

/** Sets where the log goes and how. A file is created when missing. Throws RuntError when it can't be opened. */
export async function openLog({ target, format, level, program }: LogOptions): Promise<void> {
  Object.assign(settings, { format, level });
  if (!target) return;
  const service = /^(journald|syslog):(.*)$/s.exec(target);
  try {
    if (service === null) settings.sink = fileSink(target.replace(/^file:/, ""), format);
    else settings.sink = (await import("./log-service.js")).serviceSink(service[1]!, service[2] || program, format);
  } catch (error) {
    throw failure(error, { where: "--log" });
  }
}

function fileSink(path: string, format: LogFormat): Sink {
  const fd = native().open(path, OPEN_APPEND, 0o644);
  return (level, message, time) => native().writeFd(fd, logLine(level, message, format, time));
}

/** --debug or --log-level debug: lines that cost something to put together are worth it. */
export function isDebugging(): boolean {
  return settings.level === "debug";
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
 * Reports the error that ends a command: to the log, and, when that is not stderr, in bare words
 * to stderr as well, for whoever looks at the terminal.
 */
export function logError(message: string): void {
  write("error", message);
  if (settings.sink !== null) toStderr(`${message}\n`);
}

export function logWarning(message: string): void {
  write("warning", message);
}

/** The story of a command, each line with the time since its start. */
export function logDebug(message: string): void {
  if (isDebugging()) write("debug", `${performance.now().toFixed(1)} ms: ${message}`);
}

function write(level: LogLevel, message: string): void {
  if (RANK[level] > RANK[settings.level]) return;
  const time = `${new Date().toISOString().slice(0, 19)}Z`;
  if (settings.sink === null) {
    toStderr(logLine(level, message, settings.format, time));
    return;
  }
  try {
    settings.sink(level, message, time);
  } catch {
    // The disk is full, the service has gone: the command's status still tells.
  }
}

function toStderr(text: string): void {
  try {
    native().writeFd(2, text);
  } catch {
    // Nobody reads it any more (EPIPE).
  }
}
