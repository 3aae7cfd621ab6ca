// Numbers of the kernel's ABI that more than one concern needs. The names are the kernel's.

// sys/mount.h: what superblocks and propagation are told in.
export const MS_RDONLY = 1;
export const MS_SYNCHRONOUS = 1 << 4;
export const MS_MANDLOCK = 1 << 6;
export const MS_DIRSYNC = 1 << 7;
export const MS_REC = 1 << 14;
export const MS_SILENT = 1 << 15;
export const MS_UNBINDABLE = 1 << 17;
export const MS_PRIVATE = 1 << 18;
export const MS_SLAVE = 1 << 19;
export const MS_SHARED = 1 << 20;
export const MS_I_VERSION = 1 << 23;
export const MS_LAZYTIME = 1 << 25;

// linux/mount.h: attributes of one mount, mount_setattr(2).
export const MOUNT_ATTR_RDONLY = 0x1;
export const MOUNT_ATTR_NOSUID = 0x2;
export const MOUNT_ATTR_NODEV = 0x4;
export const MOUNT_ATTR_NOEXEC = 0x8;
/** All bits of the access time setting, which is one value and not a set of flags. */
export const MOUNT_ATTR__ATIME = 0x70;
export const MOUNT_ATTR_RELATIME = 0x0;
export const MOUNT_ATTR_NOATIME = 0x10;
export const MOUNT_ATTR_STRICTATIME = 0x20;
export const MOUNT_ATTR_NODIRATIME = 0x80;
export const MOUNT_ATTR_NOSYMFOLLOW = 0x200000;

// `expect` of clone_tree.
export const EXPECT_ANYTHING = 0;
export const EXPECT_DIRECTORY = 1;
export const EXPECT_NULL_DEVICE = 2;

// `kind` of attach_tree.
export const TARGET_AS_SOURCE = 0;
export const TARGET_DIRECTORY = 1;
/** As the source is, and a symlink in the place of a mount when the source is one. */
export const TARGET_AS_LINK = 2;

// sys/stat.h.
export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;

// linux/capability.h: bits in a set.
export const CAP_CHOWN = 1n << 0n;
export const CAP_DAC_OVERRIDE = 1n << 1n;
export const CAP_DAC_READ_SEARCH = 1n << 2n;
export const CAP_FOWNER = 1n << 3n;
export const CAP_SETGID = 1n << 6n;
export const CAP_SETUID = 1n << 7n;
export const CAP_SYS_PTRACE = 1n << 19n;
export const CAP_SYS_ADMIN = 1n << 21n;
export const CAP_SYS_NICE = 1n << 23n;
export const CAP_SYS_RESOURCE = 1n << 24n;
