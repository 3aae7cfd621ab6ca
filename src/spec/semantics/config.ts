// The config as a whole: version, root, annotations; and where the other parts are checked.

import type { Annotations, Root, Spec } from "../types.gen.js";
import { refuseVersion } from "../versions.js";
import { type Check, type Checks, checkMembers } from "./check.js";
import { hooks } from "./hooks.js";
import { linux } from "./linux.js";
import { mounts } from "./mounts.js";
import { utsName } from "./namespaces.js";
import { checkProcess } from "./process.js";

/** config.md, "Specification version": SemVer, compatible within a major version. */
const ociVersion: Check<string> = (version, at, { findings }) => {
  const refusal = refuseVersion(version);
  if (refusal) findings.problem(at, refusal);
};

/** config.md, "Root": a directory must exist at path. */
const root: Check<Root> = ({ path }, at, { findings }) => {
  if (path === "") findings.problem(`${at}/path`, "expected the path of a directory");
};

/** config.md, "Annotations": keys must not be empty. */
const annotations: Check<Annotations> = (annotations, at, { findings }) => {
  if (Object.hasOwn(annotations, "")) {
    findings.problem(`${at}/`, "annotation keys must not be empty", { quiet: true });
  }
};

const members: Checks<Spec> = {
  ociVersion,
  process: checkProcess,
  root,
  hostname: utsName,
  domainname: utsName,
  mounts,
  hooks,
  annotations,
  linux,
};

export const checkConfig: Check<Spec> = (config, at, context) => {
  // config.md, "Process": needed when start is called, and nothing else can be done with a container.
  if (!config.process) {
    context.findings.problem("/process", "process property must not be empty", { quiet: true });
  }
  checkMembers(config, members, at, context);
};
