// --log=journald:[IDENT] and --log=syslog:[IDENT]: the native protocol of systemd-journald and RFC 3164
// on /dev/log. Both are datagrams to a socket, so that no library is needed.

import { concatenate } from "../host/bytes.js";
import { failure } from "../host/failure.js";
import { native } from "../host/native.js";
import { type LogFormat, type LogLevel, logLine } from "./log.js";

const SOCKETS: Readonly<Record<string, string>> = { journald: "/run/systemd/journal/socket", syslog: "/dev/log" };

/** syslog(3). */
const PRIORITY: Readonly<Record<LogLevel, number>> = { error: 3, warning: 4, info: 6, debug: 7 };
const FACILITY_USER = 1 << 3;

/** In UTF-16 units: with four bytes each it still fits into a datagram (net.core.wmem_default). */
const MAX_MESSAGE = 32_000;

const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";

/** Sends messages to a log service. In: "journald" or "syslog". Throws RuntError when it does not listen. */
export function serviceSink(
  service: string,
  identifier: string,
  format: LogFormat,
): (level: LogLevel, message: string, time: string) => void {
  const connection = connect(service);
  const encode = service === "journald" ? journalEntry : syslogLine;
  return (level, message, time) => {
    const whole = format === "json" ? logLine(level, message, format, time).trimEnd() : message;
    const text = whole.length > MAX_MESSAGE ? `${whole.slice(0, MAX_MESSAGE)}…` : whole;
    native().writeFd(connection, encode(PRIORITY[level], identifier, text, new Date()));
  };
}

function connect(service: string): number {
  const path = SOCKETS[service]!;
  try {
    return native().connectDatagram(path);
  } catch (error) {
    throw failure(error, {
      where: "--log",
      path,
      hint: `${service} does not run here, or not for this mount namespace`,
    });
  }
}

/**
 * An entry as journald takes it: NAME=VALUE lines. A value with a line feed is given by its length
 * instead (systemd's JOURNAL_NATIVE_PROTOCOL), so that no text can end it and begin a field of its own.
 */
export function journalEntry(priority: number, identifier: string, message: string): Uint8Array {
  return concatenate([
    field("PRIORITY", String(priority)),
    field("SYSLOG_IDENTIFIER", identifier),
    field("SYSLOG_PID", String(native().getpid())),
    field("MESSAGE", message),
  ]);
}

function field(name: string, value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  if (!value.includes("\n")) return concatenate([new TextEncoder().encode(`${name}=`), bytes, LINE_FEED]);
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(bytes.length), true);
  return concatenate([new TextEncoder().encode(`${name}\n`), size, bytes, LINE_FEED]);
}

const LINE_FEED = Uint8Array.of(10);

/** A line as syslog(3) sends it. Control characters are shown, not sent: some daemons split lines at them. */
export function syslogLine(priority: number, identifier: string, message: string, now: Date): string {
  const month = MONTHS.slice(now.getMonth() * 3, now.getMonth() * 3 + 3);
  const two = (number: number) => String(number).padStart(2, "0");
  const time = `${month} ${String(now.getDate()).padStart(2)} ${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  const shown = message.replace(/[\x00-\x08\x0a-\x1f\x7f]/g, (character) =>
    character === "\n" ? "\\n" : `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return `<${FACILITY_USER | priority}>${time} ${identifier}[${native().getpid()}]: ${shown}`;
}
