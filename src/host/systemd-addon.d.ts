// The boundary between TypeScript and native/systemd: a small D-Bus client that talks to systemd. How values of
// D-Bus types look in JavaScript is said in native/systemd/values.h.

/** What every function throws when a call fails. */
export interface BusError extends Error {
  errno: number;
  code: string;
  syscall: string;
  /** What the other side said. */
  detail?: string;
  /** Its D-Bus name: "org.freedesktop.systemd1.UnitExists". Missing when the call did not get there. */
  busError?: string;
}

/** A value of any type with its D-Bus signature. */
export interface Variant {
  signature: string;
  value: unknown;
}

/** An open connection; closed by close() or when it is collected. */
export interface Bus {
  readonly brand: "bus";
}

export interface SystemdAddon {
  /** In: a D-Bus address, "" for the system bus; peer: the address is systemd's own socket, with no bus in between. */
  connect(address: string, peer: boolean): Bus;
  close(bus: Bus): void;
  /** A method of org.freedesktop.systemd1. In: one value for each type of the signature. Out: the values of the answer. */
  call(
    bus: Bus,
    path: string,
    iface: string,
    member: string,
    signature: string,
    values: readonly unknown[],
    timeoutMs: number,
  ): unknown[];
  /** From now on signals that match this rule are kept for nextSignal. */
  addMatch(bus: Bus, rule: string): void;
  /** The values of the next signal that matched; null when none came in time. */
  nextSignal(bus: Bus, timeoutMs: number): unknown[] | null;
}
