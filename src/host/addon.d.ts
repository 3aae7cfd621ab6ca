// The boundary between TypeScript and native/addon. Arguments are checked and worded on
// the TypeScript side; the addon gets clean values, makes system calls and throws NativeError.
//
// Why files too: QuickJS has no modules of Node's, and this is the same on both engines (docs/architecture.md).
// No file on the path of a command imports a node: module.

/** What every function of the addon throws when a system call fails. */
export interface NativeError extends Error {
  /** The kernel's number, e.g. 2. */
  errno: number;
  /** Its name, e.g. "ENOENT". */
  code: string;
  /** The call that failed, e.g. "open". */
  syscall: string;
  /** What it was about, when there is something: a path, "descriptor 7", a system call's name for seccomp. */
  path?: string;
  /** What the kernel said besides: the log of the BPF verifier. */
  detail?: string;
}

export interface FileStatus {
  mode: number;
  uid: number;
  gid: number;
  size: number;
  /** st_dev, st_rdev as the kernel packs them (userspace dev_t). */
  dev: number;
  rdev: number;
  ino: number;
  /** Seconds since the epoch. */
  mtime: number;
}

/** A message of runt-init, as steps.json lays it out. */
export interface InitMessage {
  kind: number;
  step: number;
  value: number;
  text: string;
  /** Descriptors that rode along, close-on-exec. */
  fds: number[];
}

export interface SpawnOptions {
  /** Absolute path of the static runt-init. It is run from a sealed memfd copy (CVE-2019-5736). */
  initPath: string;
  /** The encoded program. */
  program: Uint8Array;
  /** Descriptors for the program's stdin, stdout, stderr. */
  stdio: readonly [number, number, number];
  /** The caller's descriptors that become 3, 4, … of the program and stay open over execve. */
  preserve: readonly number[];
  /** Descriptors that fill slots 0, 1, … of the program (close-on-exec). */
  slots: readonly number[];
}

export interface SpawnedInit {
  pid: number;
  /** -1 on a kernel without pidfds (before 5.3). */
  pidfd: number;
  /** The engine's end of the channel. */
  channel: number;
}

export interface SeccompRule {
  names: readonly string[];
  action: number;
  args: readonly { index: number; op: number; value: bigint | number; valueTwo: bigint | number }[];
}

export interface SeccompProfile {
  defaultAction: number;
  /** libseccomp's SCMP_ARCH_* tokens; the native one is always there. */
  architectures: readonly number[];
  rules: readonly SeccompRule[];
  /** System calls that are newer than all that the rules name get ENOSYS: see native/addon/seccomp_newer.h. */
  refuseNewer: boolean;
}

export interface SeccompFilter {
  /** struct sock_filter[] as seccomp(2) takes it. */
  filter: Uint8Array;
  /** Names that this libseccomp does not know on any of the architectures: they were passed over. */
  unknown: string[];
}

export interface SuperviseOptions {
  /** -1 on a kernel without pidfds. */
  pidfd: number;
  /** A child of ours that is not reaped yet. */
  pid: number;
  /**
   * Terminal master to relay, or -1. It stays the caller's to close; when nobody reads our stdout
   * any more the terminal is hung up, and the number then stands for /dev/null.
   */
  master: number;
  /** Be the parent of orphans and reap them. */
  subreaper: boolean;
  /** Service notification to pass on meanwhile. */
  notify?: NotifySockets;
}

/** What waits for service notifications of a container, and where they go. */
export interface NotifySockets {
  /** Of listenNotify. */
  socket: number;
  /** Of connectDatagram. */
  manager: number;
}

export interface Addon {
  // --- text and process
  /** "no such file or directory": with a small first letter, as Go has it. */
  strerror(errno: number): string;
  /** _exit(2): the engine's own tear-down is skipped. */
  exit(status: number): never;
  getpid(): number;
  geteuid(): number;
  getegid(): number;
  cwd(): string;
  umask(mask: number): number;
  /** The permitted capabilities of this process as a bit set (capget(2)). */
  permittedCapabilities(): bigint;
  /** Whether this process has CAP_SYS_ADMIN over its mount namespace. */
  mayMount(): boolean;
  uname(): { sysname: string; release: string; machine: string };
  isatty(fd: number): boolean;
  /** CLOCK_REALTIME in nanoseconds since the epoch. */
  now(): bigint;

  // --- files (every descriptor is close-on-exec)
  open(path: string, flags: number, mode: number): number;
  /** -1 stands for "none" and is passed over. */
  close(fd: number): void;
  /** The whole file as UTF-8. */
  readFile(path: string): string;
  /** As readFile, but null when it is not there (ENOENT, ENOTDIR) or its process is gone (ESRCH). */
  readFileIfAny(path: string): string | null;
  readBytesIfAny(path: string): Uint8Array | null;
  /** All that can be read from a descriptor until end of file. */
  readFd(fd: number): string;
  /** One write(2) of the whole text to an existing file, as cgroup and proc files want it. */
  writeFile(path: string, text: string): void;
  /** Creates with O_EXCL|O_NOFOLLOW and writes; removes what it made when writing fails. */
  createFile(path: string, data: string | Uint8Array, mode: number): void;
  /** Writes beside it under a temporary name, then rename(2)s. */
  replaceFile(path: string, data: string | Uint8Array, mode: number): void;
  /** write(2) until all is written; EAGAIN waits with poll, so O_NONBLOCK of others is not touched. */
  writeFd(fd: number, text: string | Uint8Array): void;
  /** False when it exists already. */
  mkdir(path: string, mode: number): boolean;
  /** False when it was not there. */
  rmdir(path: string): boolean;
  unlink(path: string): boolean;
  rename(from: string, to: string): void;
  /** Removes a tree by descriptors, never across a mount or through a symlink. False when it was not there. */
  removeTree(path: string): boolean;
  readdir(path: string): string[];
  /** The text of a symlink, which need not be a path: "pipe:[123]" below /proc/PID/fd. */
  readlink(path: string): string;
  /** Follows symlinks; null when it is not there. */
  stat(path: string): FileStatus | null;
  lstat(path: string): FileStatus | null;
  fstat(fd: number): FileStatus;
  /** f_type of statfs(2), or null when it is not there. */
  filesystemType(path: string): number | null;
  /** An extended attribute as text, of the path itself when it is a symlink; null when it has none of that name. */
  getxattr(path: string, name: string): string | null;
  chmod(path: string, mode: number): void;
  chown(path: string, uid: number, gid: number): void;
  /** flock(2), exclusive. wait=false: returns false when another holds it. */
  lock(fd: number, wait: boolean): boolean;
  /** A file in memory, at offset 0. With data it is sealed: nobody can change it. Empty, it is for others to write to. */
  memfd(name: string, data: string | Uint8Array): number;
  /** name of a uid in /etc/passwd, or null. */
  userName(uid: number): string | null;

  // --- signals and processes
  kill(pid: number, signal: number): void;
  pidfdOpen(pid: number): number;
  pidfdSignal(pidfd: number, signal: number): void;
  /** Waits until a pidfd's process has ended; false on time-out (ms, -1: none). */
  pidfdWait(pidfd: number, timeoutMs: number): boolean;
  /** Reaps a child: its exit status, or 128+N when a signal ended it; null when it is not our child. */
  reap(pid: number): number | null;
  /** poll(2) on one descriptor for POLLIN|POLLPRI: true when something is there. */
  poll(fd: number, events: number, timeoutMs: number): boolean;
  /**
   * poll(2) on several descriptors, each with the events that it waits for: what happened on each (revents).
   * All 0 when the time (ms, -1: none) is over, and perhaps before, since a signal ends the wait.
   */
  pollAll(fds: readonly number[], events: readonly number[], timeoutMs: number): number[];
  sleep(ms: number): void;
  /** An eventfd(2) that does not block. */
  eventfd(): number;
  /** How often it was signalled since it was last read. */
  readEventfd(fd: number): number;

  // --- runt-init
  spawnInit(options: SpawnOptions): SpawnedInit;
  /** The next message; null when the other side hung up. Waits at most timeoutMs (-1: no limit; throws ETIMEDOUT). */
  receive(channel: number, timeoutMs: number): InitMessage | null;
  /** Answers a sync; fd -1: without descriptor. */
  answer(channel: number, fd: number): void;
  /** A listening SOCK_SEQPACKET socket at dir/name (any length of path: it goes through /proc/self/fd). */
  listenStart(dir: string, name: string): number;
  /** Connects to it: the connection, or null when nobody listens (ENOENT, ECONNREFUSED). */
  connectStart(dir: string, name: string): number | null;
  /** Connects to a stream socket of a caller (console socket, pidfd socket) and sends a descriptor with a text. */
  sendDescriptor(socketPath: string, fd: number, text: string): void;
  /** Connects to a stream socket. Connecting and each later send wait at most timeoutMs: EAGAIN. */
  connectStream(socketPath: string, timeoutMs: number): number;
  /** Sends all of a text over a stream, the descriptor along with its beginning (SCM_RIGHTS). */
  sendStream(connection: number, text: string, fd: number): void;
  /** Two connected SOCK_SEQPACKET sockets. */
  socketpair(): [number, number];
  sendPacket(socket: number, data: Uint8Array): void;
  /** The next packet, with the descriptor that rode along (-1: none); null when the other side hung up. */
  receivePacket(socket: number): { bytes: Uint8Array; fd: number } | null;
  /**
   * The foreground of `run` and `exec`: waits for a process, hands on the signals that come to us and
   * relays its terminal (raw mode while stdin is a terminal, window size, all output to the last byte).
   * Out: its exit status, 128+N for a signal. Our terminal is as it was whenever this returns or throws.
   *
   * Before the program runs: catchSignals(), and with a terminal copyWindowSize(master).
   */
  supervise(options: SuperviseOptions): number;
  /**
   * Starts catching the signals that supervise forwards, before the container starts, so that none
   * is lost. subreaper: orphans come to us from now on.
   */
  catchSignals(subreaper?: boolean): void;

  /** A datagram socket at dir/name that everybody may send to. */
  listenNotify(dir: string, name: string): number;
  /** A connection to a datagram socket: an absolute path, or @NAME for an abstract one. */
  connectDatagram(address: string): number;
  /**
   * Passes notifications on until READY=1, and MAINPID with it, has reached the manager. Out: "ready";
   * "unconfirmed" when the manager does not say that it has dealt with it; "ended" when the process
   * has ended without READY=1.
   */
  waitNotify(options: NotifySockets & { pid: number; pidfd: number }): "ready" | "unconfirmed" | "ended";
  /** Gives a container's terminal the size of ours; nothing happens when we have none. */
  copyWindowSize(master: number): void;

  // --- network devices
  /**
   * One request to rtnetlink(7), which must end in an acknowledgement or be a dump, in the network namespace of a
   * descriptor (-1: our own). Out: the answers, one message after the other.
   */
  rtnetlink(network: number, request: Uint8Array): Uint8Array;

  // --- seccomp and bpf
  compileSeccomp(profile: SeccompProfile): SeccompFilter;
  libseccompVersion(): string;
  /** Whether this kernel takes a SECCOMP_FILTER_FLAG_*. */
  seccompFlagAvailable(flag: number): boolean;
  /** Loads a BPF_PROG_TYPE_CGROUP_DEVICE program and attaches it with BPF_F_ALLOW_MULTI, then detaches those that were there (every bpf_attr full-size and zeroed). */
  replaceDeviceProgram(cgroupPath: string, instructions: Uint8Array): void;
}
