// linux.resources.rdma → rdma.max, the same file in v1 and v2. Pure.

import type { CgroupWrite } from "./driver.js";
import { RuntError, wordPointer } from "../errors.js";
import { at, decimal, type RdmaResources } from "./resources.js";

/** One line a device: "mlx5_1 hca_handle=3 hca_object=10000". */
export function rdmaWrites(rdma: RdmaResources, version: 1 | 2): CgroupWrite[] {
  return Object.entries(rdma).map(([device, { hcaHandles, hcaObjects }]) => {
    const pointer = at("rdma", device);
    const refuse = (cause: string): never => {
      throw new RuntError({ where: wordPointer(pointer), cause });
    };
    if (!/^[^\s=]+$/.test(device)) refuse("the name of an RDMA device must not be empty or hold blanks");
    if (hcaHandles === undefined && hcaObjects === undefined) {
      refuse("at least one of hcaHandles and hcaObjects must be given");
    }
    const value = [
      device,
      ...(hcaHandles === undefined ? [] : [`hca_handle=${decimal(hcaHandles)}`]),
      ...(hcaObjects === undefined ? [] : [`hca_object=${decimal(hcaObjects)}`]),
    ].join(" ");
    return { controller: version === 1 ? "rdma" : "", file: "rdma.max", value, pointer };
  });
}
