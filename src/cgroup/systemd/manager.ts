// A connection to systemd: of the system, or of the user who calls. org.freedesktop.systemd1(5).

import { RuntError, wordPointer } from "../../errors.js";
import { native, systemd } from "../../host/native.js";
import type { Bus, BusError, Variant } from "../../host/systemd-addon.js";
import { S_IFDIR, S_IFMT } from "../../host/constants.js";
import { encodeProperties, type Property } from "./property.js";

const PATH = "/org/freedesktop/systemd1";
const MANAGER = "org.freedesktop.systemd1.Manager";
const SCOPE = "org.freedesktop.systemd1.Scope";
const JOB_REMOVED = `type='signal',path='${PATH}',interface='${MANAGER}',member='JobRemoved'`;

/** D-Bus's own limit of a call, as everywhere. */
const CALL_MS = 25_000;
/** How long systemd may take for a job; runc waits as long. */
const JOB_MS = 30_000;

const UNIT_EXISTS = "org.freedesktop.systemd1.UnitExists";
const NO_SUCH_UNIT = "org.freedesktop.systemd1.NoSuchUnit";

interface Address {
  address: string;
  peer: boolean;
}

export class SystemdManager {
  private listens = false;

  private constructor(
    private readonly bus: Bus,
    /** 252 of "252.39-1~deb12u2". */
    readonly version: number,
  ) {}

  /** Throws RuntError when there is no systemd to talk to. */
  static connect(user: boolean): SystemdManager {
    if (((native().stat("/run/systemd/system")?.mode ?? 0) & S_IFMT) !== S_IFDIR) {
      throw new RuntError({
        attempt: "use the systemd cgroup driver",
        cause: "systemd is not running here",
        hint: "leave --systemd-cgroup out: runt then makes cgroups itself",
      });
    }
    const problems: string[] = [];
    for (const { address, peer } of user ? userAddresses() : SYSTEM_ADDRESSES) {
      try {
        const bus = systemd().connect(address, peer);
        const version = Number.parseInt(`${getProperty(bus, PATH, MANAGER, "Version")}`.replace(/^v/, ""), 10);
        return new SystemdManager(bus, Number.isNaN(version) ? 0 : version);
      } catch (error) {
        if (error instanceof RuntError) throw error;
        problems.push(`${address || "the system bus"}: ${said(error)}`);
      }
    }
    throw unreachable(user, problems);
  }

  close(): void {
    systemd().close(this.bus);
  }

  /** The cgroup that this systemd has all its units below; "" is the root. */
  controlGroup(): string {
    const path = `${getProperty(this.bus, PATH, MANAGER, "ControlGroup")}`;
    return path === "/" ? "" : path;
  }

  /**
   * Makes a scope and waits until it is there. A failed unit of the same name, left over, is cleared first.
   * Throws RuntError with the unit's result.
   */
  startScope(unit: string, properties: readonly Property[]): void {
    this.listen();
    const values = [unit, "fail", encodeProperties(properties), []];
    const start = () => this.call("StartTransientUnit", "ssa(sv)a(sa(sv))", values)[0] as string;
    let job: string;
    try {
      try {
        job = start();
      } catch (error) {
        if ((error as BusError).busError !== UNIT_EXISTS) throw error;
        this.resetFailed(unit);
        job = start();
      }
    } catch (error) {
      throw wordStart(error, unit, properties);
    }
    const result = this.jobResult(job);
    if (result === "done") return;
    const why = this.unitResult(unit);
    this.resetFailed(unit);
    throw new RuntError({
      attempt: "start",
      path: unit,
      cause: result === null ? `systemd has not done it after ${JOB_MS / 1000} s` : `systemd says ${why ?? result}`,
      hint: "the journal says more: journalctl -b _PID=1",
    });
  }

  /** Changes a unit until the next boot. Throws RuntError. */
  setProperties(unit: string, properties: readonly Property[]): void {
    if (properties.length === 0) return;
    try {
      this.call("SetUnitProperties", "sba(sv)", [unit, true, encodeProperties(properties)]);
    } catch (error) {
      throw wordChange(error, unit, properties);
    }
  }

  /** What a unit has of these properties now. Throws RuntError. */
  properties(unit: string, among: readonly Property[]): Property[] {
    if (among.length === 0) return [];
    try {
      const [path] = this.call("GetUnit", "s", [unit]);
      return among.map(({ name }) => {
        const { signature, value } = getVariant(this.bus, path as string, SCOPE, name);
        return { name, signature, value, pointer: "" };
      });
    } catch (error) {
      throw wordChange(error, unit, [], "look at");
    }
  }

  /** Ends a unit and waits for it; one that has ended by itself is no error. Throws RuntError. */
  stop(unit: string): void {
    this.listen();
    let result: string | null = "done";
    try {
      result = this.jobResult(this.call("StopUnit", "ss", [unit, "replace"])[0] as string);
    } catch (error) {
      if ((error as BusError).busError !== NO_SUCH_UNIT) throw wordChange(error, unit, [], "stop");
    }
    this.resetFailed(unit);
    if (result === null) {
      throw new RuntError({ attempt: "stop", path: unit, cause: `systemd has not done it after ${JOB_MS / 1000} s` });
    }
  }

  /** Puts processes into a unit's cgroup, where the caller has no right to move them itself. Throws RuntError. */
  attach(unit: string, pids: readonly number[]): void {
    try {
      this.call("AttachProcessesToUnit", "ssau", [unit, "/", pids]);
    } catch (error) {
      throw wordChange(error, unit, [], `attach processes ${pids.join(", ")} to`);
    }
  }

  /** A unit that has failed is kept until somebody has looked at it; nobody will. */
  private resetFailed(unit: string): void {
    try {
      this.call("ResetFailedUnit", "s", [unit]);
    } catch {
      // It had not failed, or is gone.
    }
  }

  private listen(): void {
    if (this.listens) return;
    systemd().addMatch(this.bus, JOB_REMOVED);
    this.listens = true;
  }

  /** "done", "failed", "canceled", "timeout" …; null when it took too long. */
  private jobResult(job: string): string | null {
    const deadline = performance.now() + JOB_MS;
    for (;;) {
      const left = Math.max(0, Math.ceil(deadline - performance.now()));
      const signal = systemd().nextSignal(this.bus, left);
      if (signal === null) return null;
      // JobRemoved(u id, o job, s unit, s result)
      if (signal[1] === job) return `${signal[3]}`;
    }
  }

  /** The unit's own word on how it went: "resources", "oom-kill". */
  private unitResult(unit: string): string | undefined {
    try {
      const [path] = this.call("GetUnit", "s", [unit]);
      const result = getProperty(this.bus, path as string, SCOPE, "Result");
      return result === "success" ? undefined : `${result}`;
    } catch {
      return undefined;
    }
  }

  private call(member: string, signature: string, values: readonly unknown[]): unknown[] {
    return systemd().call(this.bus, PATH, MANAGER, member, signature, values, CALL_MS);
  }
}

/** systemd's own socket serves root when the bus is not there (early at boot, or without a dbus-daemon). */
const SYSTEM_ADDRESSES: readonly Address[] = [
  { address: "", peer: false },
  { address: "unix:path=/run/systemd/private", peer: true },
];

function userAddresses(): Address[] {
  const { DBUS_SESSION_BUS_ADDRESS: session, XDG_RUNTIME_DIR: given } = process.env;
  const folder = busPath(given || `/run/user/${native().geteuid()}`);
  return [
    ...(session ? [{ address: session, peer: false }] : []),
    { address: `unix:path=${folder}/bus`, peer: false },
    { address: `unix:path=${folder}/systemd/private`, peer: true },
  ];
}

/** A path as a D-Bus address has it. */
function busPath(path: string): string {
  const percent = (byte: number) => `%${byte.toString(16).padStart(2, "0")}`;
  return path.replace(/[^-0-9A-Za-z_/.*\\]/gu, (letter) => [...new TextEncoder().encode(letter)].map(percent).join(""));
}

function unreachable(user: boolean, problems: readonly string[]): RuntError {
  return new RuntError({
    attempt: user ? "connect to the user's systemd" : "connect to systemd",
    cause: problems.join("; "),
    hint: user
      ? "DBUS_SESSION_BUS_ADDRESS or XDG_RUNTIME_DIR must lead to it: log in as the user, or loginctl enable-linger USER"
      : "is the system bus running? systemctl status dbus",
  });
}

function getProperty(bus: Bus, path: string, iface: string, name: string): unknown {
  return getVariant(bus, path, iface, name).value;
}

function getVariant(bus: Bus, path: string, iface: string, name: string): Variant {
  const [answer] = systemd().call(bus, path, "org.freedesktop.DBus.Properties", "Get", "ss", [iface, name], CALL_MS);
  return answer as Variant;
}

/** What the other side said, else what the kernel did. */
function said(error: unknown): string {
  const { detail, message } = error as BusError;
  return detail ?? message;
}

function wordStart(error: unknown, unit: string, properties: readonly Property[]): RuntError {
  if ((error as BusError).busError !== UNIT_EXISTS) return wordChange(error, unit, properties, "start");
  return new RuntError({
    attempt: "start",
    path: unit,
    cause: "a unit of this name exists already",
    hint: `another container or service uses it (systemctl status ${unit}); choose another cgroupsPath or id`,
  });
}

/** systemd names the property that it refuses: then the error names who asked for it. */
function wordChange(error: unknown, unit: string, properties: readonly Property[], attempt = "change"): RuntError {
  if (!(error instanceof Error) || !("syscall" in error)) throw error;
  const cause = said(error);
  const where = blame(cause, properties);
  return new RuntError({
    ...(where !== "" && { where }),
    attempt,
    path: unit,
    cause,
    ...((error as BusError).code === "EACCES" && {
      hint: "systemd asks polkit; only root may change units of the system",
    }),
    errno: (error as BusError).errno,
  });
}

/** The places that asked for what systemd refuses. A wrong type is refused without a name: only annotations have one. */
function blame(cause: string, properties: readonly Property[]): string {
  const asked = properties.filter(({ pointer }) => pointer !== "");
  const named = asked.filter(({ name }) => new RegExp(`\\b${name}\\b`).test(cause));
  const unnamed = asked.filter(({ pointer }) => pointer.startsWith("/annotations/"));
  const guilty = named.length > 0 || !/message contents|Invalid argument/.test(cause) ? named : unnamed;
  return [...new Set(guilty.map(({ pointer }) => wordPointer(pointer)))].join(", ");
}
