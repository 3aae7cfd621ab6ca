// linux.resources.blockIO → files of the v1 blkio controller. Pure.

import type { CgroupWrite } from "../driver.js";
import { at, decimal, deviceNumbers, isSet, type BlockIoResources } from "../resources.js";

const controller = "blkio";

const THROTTLES = {
  throttleReadBpsDevice: "blkio.throttle.read_bps_device",
  throttleWriteBpsDevice: "blkio.throttle.write_bps_device",
  throttleReadIOPSDevice: "blkio.throttle.read_iops_device",
  throttleWriteIOPSDevice: "blkio.throttle.write_iops_device",
} as const;

/** The weight files are CFQ's; Linux 5.0 took CFQ out and BFQ has files of its own with the same meaning. */
export function blkioWrites(blockIO: BlockIoResources): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (isSet(blockIO.weight)) {
    const value = decimal(blockIO.weight);
    const fallback = { file: "blkio.bfq.weight", value };
    writes.push({ controller, file: "blkio.weight", value, pointer: at("blockIO", "weight"), fallback });
  }
  if (isSet(blockIO.leafWeight)) {
    const pointer = at("blockIO", "leafWeight");
    writes.push({ controller, file: "blkio.leaf_weight", value: decimal(blockIO.leafWeight), pointer });
  }
  blockIO.weightDevice?.forEach((device, index) => {
    if (isSet(device.weight)) {
      const value = `${deviceNumbers(device)} ${decimal(device.weight)}`;
      const fallback = { file: "blkio.bfq.weight_device", value };
      const pointer = at("blockIO", "weightDevice", index, "weight");
      writes.push({ controller, file: "blkio.weight_device", value, pointer, fallback });
    }
    if (isSet(device.leafWeight)) {
      const value = `${deviceNumbers(device)} ${decimal(device.leafWeight)}`;
      const pointer = at("blockIO", "weightDevice", index, "leafWeight");
      writes.push({ controller, file: "blkio.leaf_weight_device", value, pointer });
    }
  });
  for (const [property, file] of Object.entries(THROTTLES)) {
    blockIO[property as keyof typeof THROTTLES]?.forEach((device, index) => {
      // A rate of 0 takes the limit away.
      const value = `${deviceNumbers(device)} ${decimal(device.rate)}`;
      writes.push({ controller, file, value, pointer: at("blockIO", property, index) });
    });
  }
  return writes;
}
