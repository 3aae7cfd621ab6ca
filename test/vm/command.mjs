// The shell script that the guest's agent runs: folders, clock, environment, then the command.

/** A word of a shell's command line. */
export const quote = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

const environment = {
  HOME: "/root",
  USER: "root",
  LOGNAME: "root",
  SHELL: "/bin/bash",
  LANG: "C.UTF-8",
  TERM: "dumb",
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
};

/** The device is plugged in while the guest starts: mount it when it is there. */
function mountShare({ guest }, index) {
  const place = quote(guest);
  return `mkdir -p ${place}
for try in {1..500}; do mount -t virtiofs share${index} ${place} 2> /dev/null && break; sleep 0.02; done
mountpoint -q ${place} || { echo "vm: ${place} is not there" >&2; exit 125; }`;
}

/** A normal user's session: the bus of its own systemd, and a delegated scope as a login has. */
function asUser(user) {
  // biome-ignore format: one variable a line says no more
  return [
    "setpriv", `--reuid=${user}`, `--regid=${user}`, "--init-groups",
    "env", `HOME=/home/${user}`, `USER=${user}`, `LOGNAME=${user}`,
    `XDG_RUNTIME_DIR=/run/user/$(id -u ${user})`, `DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$(id -u ${user})/bus`,
    "systemd-run", "--user", "--scope", "--quiet", "--property=Delegate=yes", "--",
  ];
}

export function guestScript({ command, shares = [], env = {}, cwd, user }) {
  const exports = Object.entries({ ...environment, ...env }).map(([name, value]) => `export ${name}=${quote(value)}`);
  const words = [...(user ? asUser(user) : []), ...command.map(quote)];
  return [
    ...shares.map(mountShare),
    // The saved clock stands where the image was made.
    `date --set=@${(Date.now() / 1000).toFixed(3)} > /dev/null`,
    ...exports,
    ...(cwd ? [`cd ${quote(cwd)} || exit 125`] : []),
    `exec ${words.join(" ")}`,
    "",
  ].join("\n");
}
