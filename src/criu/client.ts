// One talk with `criu swrk`: a request, notifications that each want an answer, one response.

import { RuntError } from "../errors.js";
import { isHungUp } from "../host/failure.js";
import { native } from "../host/native.js";
import { type CriuRequest, type CriuResponse, decodeResponse, encodeRequest, NOTIFY } from "./messages.js";

/** Is told of criu's progress. In: the name of the point, the first process (0: none yet), a descriptor (-1: none), which is its to close. */
export type OnNotify = (script: string, pid: number, fd: number) => void;

/**
 * Sends a request over the engine's end of criu's socket. Out: the response, of success or failure; null when criu
 * ended without one. What `onNotify` throws ends the talk.
 */
export function converse(socket: number, request: CriuRequest, onNotify: OnNotify = ignore): CriuResponse | null {
  if (!send(socket, request)) return null;
  for (;;) {
    const packet = native().receivePacket(socket);
    if (packet === null) return null;
    const response = decode(packet.bytes);
    if (response.type !== NOTIFY) {
      native().close(packet.fd);
      return response;
    }
    const { script, pid } = response.notify ?? { script: "", pid: 0 };
    onNotify(script, pid, packet.fd);
    if (!send(socket, { type: NOTIFY, notifySuccess: true })) return null;
  }
}

/** False when criu has gone. */
function send(socket: number, request: CriuRequest): boolean {
  try {
    native().sendPacket(socket, encodeRequest(request));
    return true;
  } catch (error) {
    if (isHungUp(error)) return false;
    throw error;
  }
}

function decode(bytes: Uint8Array): CriuResponse {
  try {
    return decodeResponse(bytes);
  } catch {
    throw new RuntError("criu sent a message that can't be read: it is damaged, or of another protocol");
  }
}

function ignore(_script: string, _pid: number, fd: number): void {
  native().close(fd);
}
