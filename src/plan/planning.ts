// One planning: what is asked for, and the lists that the concerns add their steps to.

import type { Spec } from "../spec/types.gen.js";
import { Namespaces } from "./namespaces.js";
import { type Place, Program, StepList } from "./program.js";
import type { ContainerRequest, Host, Plan } from "./types.js";

/**
 * The steps of a program, in the order in which runt-init gets to them:
 *
 *   stage A, in the host's namespaces
 *     before    what needs the host's privileges or its files
 *     entering  joins, the new user namespace, the clone
 *   stage B, the container's first process
 *     start     who it is, its namespaces and session
 *     shared    trees that stay peers of the host's
 *     inside    everything else
 *
 * Sources of mounts (trees of the host, file systems made with its privileges) are opened in
 * stage A or where they are needed in stage B: see `sources`.
 */
export class Planning {
  readonly namespaces: Namespaces;
  readonly program: Program;
  readonly before = new StepList();
  readonly entering = new StepList();
  /** File systems of namespaces that were joined: made after the joins, before a new user namespace takes the right to. */
  readonly joined = new StepList();
  /** The first steps of stage B. */
  readonly start = new StepList();
  /** Trees of the host that stay its peers: opened by the child before it leaves the host's peer groups. */
  readonly shared = new StepList();
  readonly inside = new StepList();

  /** Mounts that become read-only when all is in place: mount points and nodes are made in them until then. */
  readonly readonlyLater: { slot: number; recursive: boolean; at: Place }[] = [];

  /** Slots of user namespaces that hold the mappings of idmapped mounts, by mapping. */
  readonly idmaps = new Map<string, number>();

  /** The slot of the socket that `start` connects to; create only. */
  readonly startSlot: number | undefined;

  constructor(
    readonly config: Spec,
    readonly host: Host,
    readonly request: ContainerRequest,
    /** How many slots the engine fills. */
    passed = request.waitForStart ? 1 : 0,
  ) {
    this.namespaces = new Namespaces(config);
    this.startSlot = request.waitForStart ? 0 : undefined;
    this.program = new Program(passed);
  }

  /** The container is in a user namespace that runt makes or joins for it. */
  get inUserNamespace(): boolean {
    return this.namespaces.has("user");
  }

  /** The container is in the runtime's own mount namespace. */
  get inheritsMounts(): boolean {
    return !this.namespaces.has("mount");
  }

  /** runt has privileges that the container's first process has no more. */
  get losesPrivileges(): boolean {
    return this.inUserNamespace && this.host.euid === 0;
  }

  /**
   * Sources are opened in stage A when the container's side could not: its user may lack the
   * right to walk the host's directories, and a mount namespace that is joined has other ones.
   * Not without euid 0, or where root may not mount: there the right to copy mounts comes with the new
   * user namespace.
   */
  get opensSourcesBefore(): boolean {
    if (this.losesPrivileges && this.host.mayMount !== false) return true;
    return this.namespaces.isJoined("mount") && this.host.euid === 0;
  }

  /** The list that sources of mounts are opened in. */
  get sources(): StepList {
    return this.opensSourcesBefore ? this.before : this.inside;
  }

  /** What is planned so far. */
  get plan(): Plan {
    const { before, entering, start, shared, inside, program } = this;
    return {
      steps: [before, entering, start, shared, inside].flatMap(({ steps }) => steps),
      slots: program.slots,
      passed: program.passed,
      warnings: program.warnings,
    };
  }

  slot(): number {
    return this.program.slot();
  }

  warn(at: Place, text: string): void {
    this.program.warn(at, text);
  }
}
