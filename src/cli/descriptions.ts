// The longer texts of --help and the man pages. Loaded by help only, so that no other
// command pays for them.

export interface Description {
  /** Paragraphs, without line breaks of their own. */
  text: readonly string[];
  /** Command lines with what each is for. */
  examples?: readonly { line: string; about: string }[];
  /** Exit statuses, where there are others than 0 and 1. */
  status?: string;
  /** Commands to read on with. */
  see?: readonly string[];
}

export const PROGRAM: Description = {
  text: [
    "A low-level container runtime: it turns a bundle, that is a directory with a config.json of the Open Container Initiative's runtime specification and a root filesystem, into a process in namespaces and cgroups of its own. containerd, CRI-O, Docker and Podman call such a runtime; it can be used by hand as well.",
    "Every container has an id, chosen by the caller and unique under one --root directory.",
  ],
  examples: [
    { line: "spec", about: "writes a config.json to start from" },
    { line: "run -b /srv/bundle web1", about: "runs the bundle as container web1 until it ends" },
    { line: "list", about: "shows the containers that there are" },
  ],
};

const ID = '<container-id> is the container\'s name: letters, digits, "_", "+", "-" and ".".';

export const COMMAND_TEXTS: Readonly<Record<string, Description>> = {
  checkpoint: {
    text: [
      "Writes all processes of a running container, with their memory, open files and namespaces, to a directory of image files, by means of criu, and deletes the container. With --leave-running it goes on. restore makes a container of the files, on this machine or on another one, with the same bundle.",
      ID,
      "What criu can't keep without being told to (TCP connections, sockets to the outside, file locks) is an error that names it; the options allow it. criu must be installed and work on this kernel; it needs root.",
    ],
    examples: [
      { line: "checkpoint --image-path /srv/web1.ckpt web1", about: "writes web1 to that directory and deletes it" },
      { line: "checkpoint --pre-dump --image-path /srv/pre web1", about: "writes most of the memory beforehand …" },
      {
        line: "checkpoint --image-path /srv/web1.ckpt --parent-path ../pre web1",
        about: "… so that the container stands still for a shorter time",
      },
    ],
    see: ["restore", "pause"],
  },
  completion: {
    text: [
      "Prints a script that makes a shell complete commands, options, files, signals and the ids of containers. <shell> is bash, zsh or fish. The script is for the name that runt was called by; an installed runt has its scripts in share/ below its prefix already, where the shells look for them.",
    ],
    examples: [
      { line: "completion bash > /etc/bash_completion.d/runt", about: "for all users of bash" },
      { line: "completion zsh > /usr/share/zsh/site-functions/_runt", about: "for all users of zsh" },
      { line: "completion fish | source", about: "for this session of fish" },
    ],
    see: ["list"],
  },
  create: {
    text: [
      "Makes the container of a bundle: namespaces, cgroups, mounts, devices and all settings of its process. The program of the config is not run yet: that is what start does. Changes to config.json after create have no effect.",
      ID,
    ],
    examples: [{ line: "create -b /srv/bundle --pid-file /run/web1.pid web1", about: "makes web1 and notes its pid" }],
    see: ["spec", "start", "state", "delete"],
  },
  delete: {
    text: [
      "Removes a container that has stopped, or that was created but never started: its processes, cgroups, state and ephemeral root layer, then runs the poststop hooks. A running one is deleted with --force only. What a runtime that was killed half-way left behind is removed as well.",
      ID,
      "With --regex, a container that can't be deleted is a warning, and the exit status is 0.",
    ],
    examples: [
      {
        line: "delete --force web1",
        about: "ends web1, whatever its state, and removes it; no error when there is none",
      },
      { line: "delete --regex '^test-'", about: "removes all stopped containers whose id begins with test-" },
    ],
    see: ["kill", "list"],
  },
  diff: {
    text: [
      "Lists the paths of an overlay root that the container added (A), changed (C) or deleted (D). Only containers with the annotation runt.rootfs.overlay or runt.rootfs.layers have such a root.",
      ID,
    ],
    examples: [{ line: "diff web1", about: "shows what web1 wrote to its root" }],
    see: ["plan"],
  },
  events: {
    text: [
      'Prints a line of JSON with the container\'s use of CPU, memory, processes and devices on every interval, with "type": "stats", and one with "type": "oom" whenever the kernel ended a process of the container for want of memory. It ends when the container does.',
      ID,
    ],
    examples: [
      { line: "events --stats web1", about: "shows the use of the moment" },
      { line: "events --interval 1s web1", about: "shows it every second" },
    ],
    see: ["update", "ps"],
  },
  exec: {
    text: [
      "Runs a command in a container that was created or runs, in all of its namespaces and cgroups, with the user, environment, working directory, capabilities, limits and seccomp filter of the container's own process, changed as the options say. Options end at the container's id: what follows is the command.",
      ID,
      "With --process the file, a process object of the runtime specification, takes the place of all of it; what confines the container's process and is not mentioned there (capabilities, limits, AppArmor profile, SELinux label, scheduling) stays.",
      "Without --detach it forwards signals, waits for the command and exits with its status.",
    ],
    examples: [
      { line: "exec -t web1 sh", about: "a shell in web1" },
      { line: "exec --user 1000:1000 --cwd /tmp web1 id", about: "as another user, elsewhere" },
      { line: "exec --detach --pid-file /run/x.pid --process x.json web1", about: "as engines do it" },
    ],
    status:
      "That of the command, or 128 + N when signal N ended it. 255 when exec itself failed: no such container, a stopped or paused one, a command that can't be found, a bad value of an option. 1 for an option that does not exist. With --detach, 0 once the command runs.",
    see: ["run", "ps", "kill"],
  },
  features: {
    text: [
      "Prints the features document of the runtime specification: namespaces, capabilities, mount options, seccomp, cgroup support and more.",
    ],
    examples: [{ line: "features", about: "shows all; a part of it, for example with jq '.linux.seccomp.archs'" }],
    see: ["spec"],
  },
  kill: {
    text: [
      "The signal is a number or a name with or without SIG, in any case. KILL of a container that shares its pid namespace ends every process of its cgroup.",
      ID,
      "With --regex, a container that the signal can't be sent to is a warning, and the exit status is 0.",
    ],
    examples: [
      { line: "kill --all web1 TERM", about: "asks all processes of web1 to end" },
      { line: "kill --regex '^web[0-9]+$' HUP", about: "sends SIGHUP to web1, web2 and so on" },
      { line: "kill web1 KILL", about: "ends web1 at once" },
    ],
    see: ["delete", "ps"],
  },
  list: {
    text: ["Lists the containers of the --root directory with their pid, status, bundle, time of creation and owner."],
    examples: [
      { line: "list -q", about: "shows ids, for scripts" },
      { line: "list -f json", about: "shows all that state shows, as one array" },
    ],
    see: ["state", "ps"],
  },
  pause: {
    text: ["No process of a paused container runs until resume.", ID],
    examples: [{ line: "pause web1", about: "stops all processes of web1 where they are" }],
    see: ["resume", "exec"],
  },
  plan: {
    text: [
      "Validates the bundle's config.json, compiles it into steps and prints them with the places in config.json that asked for them. Nothing is run or changed.",
    ],
    examples: [{ line: "plan -b /srv/bundle", about: "shows what create would do with this bundle" }],
    see: ["create", "run"],
  },
  ps: {
    text: [
      "Runs the host's ps with the options given (-ef when none are) and shows the lines of the container's processes.",
      ID,
    ],
    examples: [{ line: "ps web1 -o pid,rss,args", about: "shows the memory of each process" }],
    see: ["list", "exec", "kill"],
  },
  restore: {
    text: [
      "Makes a container of what checkpoint wrote: the processes go on where they were, with the same pids in the container. The bundle is that of the container; its config.json says what is mounted and what the processes may do, not the checkpoint: processes that have more rights than config.json gives are not let run.",
      ID,
      "Without --detach it forwards signals, waits for the container and exits with its status, as run does. prestart, createRuntime, poststart and poststop hooks are run.",
    ],
    examples: [
      { line: "restore -b /srv/bundle --image-path /srv/web1.ckpt web1", about: "brings web1 back and waits for it" },
      { line: "restore -d -b /srv/bundle --image-path /srv/web1.ckpt web2", about: "under another id, detached" },
    ],
    status: "As with run: that of the container, or 128 + N when signal N ended it; with --detach 0 once it runs.",
    see: ["checkpoint", "run"],
  },
  resume: {
    text: ["Lets the processes of a paused container go on.", ID],
    examples: [{ line: "resume web1", about: "lets them go on" }],
    see: ["pause"],
  },
  run: {
    text: [
      "This is create and start in one. Without --detach it waits for the container to end, forwards signals to it, exits with its status and deletes it.",
      ID,
    ],
    examples: [
      { line: "run web1", about: "runs the bundle of the current directory" },
      { line: "run -d --pid-file /run/web1.pid web1", about: "runs it in the background" },
    ],
    status:
      "That of the container's first process, or 128 + N when signal N ended it. 1 when the container could not be run. With --detach, 0 once it runs.",
    see: ["create", "start", "exec", "delete"],
  },
  spec: {
    text: [
      "Writes config.json to the bundle; an existing one is never overwritten. It describes a container that runs sh as root with few capabilities on a read-only root filesystem in the directory rootfs beside it.",
    ],
    examples: [{ line: "spec --rootless", about: "for a user without privileges" }],
    see: ["run", "plan"],
  },
  start: {
    text: ["Runs the startContainer hooks, the container's program and the poststart hooks.", ID],
    examples: [{ line: "start web1", about: "runs what create has made" }],
    see: ["create", "state"],
  },
  state: {
    text: [
      "Prints the state document of the runtime specification. status is one of creating, created, running, paused, stopped.",
      ID,
    ],
    examples: [{ line: "state web1", about: "shows the state; its pid, for example with jq .pid" }],
    see: ["list"],
  },
  update: {
    text: [
      "Changes the limits of a container that was created, runs or is paused. What is not named keeps its value. Either all limits are changed or, when one is refused, none.",
      ID,
      "On cgroup v1 the kernel refuses a memory limit below the usage. On cgroup v2 it takes it and ends processes of the container until they fit; checkBeforeUpdate in the memory object of --resources refuses such a limit instead.",
      "Device rules are never changed.",
    ],
    examples: [
      { line: "update --memory 512m --memory-swap 1g web1", about: "512 MiB of memory and as much swap" },
      { line: "update --cpu-quota 150000 --cpu-period 100000 web1", about: "one and a half CPUs" },
      { line: "update --pids-limit -1 web1", about: "takes the limit of processes away" },
      { line: "update --resources limits.json web1", about: "all limits in one file" },
    ],
    see: ["events"],
  },
};
