// linux.resources.blockIO → files of the v2 io controller. Pure.

import type { CgroupWrite } from "../driver.js";
import { RuntError, wordPointer } from "../../errors.js";
import { at, decimal, deviceNumbers, isSet, type BlockIoResources, type Integer } from "../resources.js";

const LIMITS = {
  throttleReadBpsDevice: "rbps",
  throttleWriteBpsDevice: "wbps",
  throttleReadIOPSDevice: "riops",
  throttleWriteIOPSDevice: "wiops",
} as const;

/** BFQ's file takes config.json's range as it is; io.weight (the cost model's) has a wider one. */
export function ioWrites(blockIO: BlockIoResources): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  const weight = (value: Integer, device: string, pointer: string) =>
    writes.push({
      controller: "",
      file: "io.bfq.weight",
      value: `${device}${decimal(value)}`,
      pointer,
      fallback: { file: "io.weight", value: `${device}${convertWeight(value)}` },
    });

  if (isSet(blockIO.weight)) weight(blockIO.weight, "", at("blockIO", "weight"));
  if (isSet(blockIO.leafWeight)) refuseLeafWeight(at("blockIO", "leafWeight"));
  blockIO.weightDevice?.forEach((device, index) => {
    if (isSet(device.leafWeight)) refuseLeafWeight(at("blockIO", "weightDevice", index, "leafWeight"));
    if (isSet(device.weight)) {
      weight(device.weight, `${deviceNumbers(device)} `, at("blockIO", "weightDevice", index, "weight"));
    }
  });
  for (const [property, key] of Object.entries(LIMITS)) {
    blockIO[property as keyof typeof LIMITS]?.forEach((device, index) => {
      // v1 takes the limit away with 0, v2 refuses 0 and says "max".
      const rate = isSet(device.rate) ? decimal(device.rate) : "max";
      const value = `${deviceNumbers(device)} ${key}=${rate}`;
      writes.push({ controller: "", file: "io.max", value, pointer: at("blockIO", property, index) });
    });
  }
  return writes;
}

/** 10 to 1000 → 1 to 10000, a straight line (as runc and crun do). */
export function convertWeight(weight: Integer): bigint {
  const above = BigInt(weight) - 10n;
  return above <= 0n ? 1n : 1n + (above * 9999n) / 990n;
}

function refuseLeafWeight(pointer: string): never {
  throw new RuntError({
    where: wordPointer(pointer),
    cause: "cgroup v2 has no leaf weight",
    hint: "leave it out, or use a host with cgroup v1",
  });
}
