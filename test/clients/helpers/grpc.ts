// Calls of a gRPC service on a unix socket, without its .proto: messages are written and read by the numbers of
// their fields (https://protobuf.dev/programming-guides/encoding/, https://grpc.io/docs/guides).

import { type ClientHttp2Session, connect } from "node:http2";
import { createConnection } from "node:net";

/** A message: by field number a string, an integer, true, a message, or several of one of these. */
export interface Fields {
  [field: number]: string | number | boolean | Fields | readonly (string | Fields)[];
}

/** A message that was received: by field number all values; numbers, or bytes, of which only the reader knows what they are. */
export type Received = Map<number, (number | Buffer)[]>;

export function encode(fields: Fields): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(fields)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (typeof item === "number" || typeof item === "boolean") {
        parts.push(varint(Number(name) << 3), varint(Number(item)));
      } else {
        const bytes = typeof item === "string" ? Buffer.from(item) : encode(item as Fields);
        parts.push(varint((Number(name) << 3) | 2), varint(bytes.length), bytes);
      }
    }
  }
  return Buffer.concat(parts);
}

export function decode(bytes: Buffer): Received {
  const found: Received = new Map();
  let at = 0;
  const number = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(value);
    }
  };
  while (at < bytes.length) {
    const tag = number();
    let value: number | Buffer;
    if ((tag & 7) === 0) value = number();
    else if ((tag & 7) === 2) {
      const length = number();
      value = bytes.subarray(at, at + length);
      at += length;
    } else throw new Error(`field ${tag >> 3}: a wire type that no message here has: ${tag & 7}`);
    found.set(tag >> 3, [...(found.get(tag >> 3) ?? []), value]);
  }
  return found;
}

/** The text of a field, "" when it is not there. */
export const text = (message: Received, field: number) => String(message.get(field)?.[0] ?? "");

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

export class Grpc {
  readonly #session: ClientHttp2Session;

  constructor(socket: string) {
    this.#session = connect("http://localhost", { createConnection: () => createConnection(socket) });
    this.#session.on("error", () => {}); // each call tells it
  }

  /** `path`: /package.Service/Method. Throws with the service's message when it refuses. */
  async call(path: string, request: Fields): Promise<Received> {
    const stream = this.#session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const message = encode(request);
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([prefix, message]));
    let status: Record<string, unknown> = {};
    stream.on("response", (headers) => {
      status = { ...status, ...headers };
    });
    stream.on("trailers", (headers) => {
      status = { ...status, ...headers };
    });
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    if (status["grpc-status"] !== "0")
      throw new Error(`${path}: ${decodeURIComponent(String(status["grpc-message"] ?? JSON.stringify(status)))}`);
    return decode(Buffer.concat(chunks).subarray(5));
  }

  close(): void {
    this.#session.destroy();
  }
}
