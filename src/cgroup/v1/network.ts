// linux.resources.network → files of net_cls and net_prio, which only v1 has. Pure.

import type { CgroupWrite } from "../driver.js";
import { RuntError, wordPointer } from "../../errors.js";
import { at, decimal, isSet, type NetworkResources } from "../resources.js";

export function networkWrites(network: NetworkResources): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (isSet(network.classID)) {
    const value = decimal(network.classID);
    writes.push({ controller: "net_cls", file: "net_cls.classid", value, pointer: at("network", "classID") });
  }
  network.priorities?.forEach(({ name, priority }, index) => {
    const pointer = at("network", "priorities", index);
    // The name is written in one line with the number.
    if (!/^[^\s/]+$/.test(name)) {
      throw new RuntError({ where: wordPointer(pointer), cause: `${JSON.stringify(name)} is not an interface name` });
    }
    const value = `${name} ${decimal(priority)}`;
    writes.push({ controller: "net_prio", file: "net_prio.ifpriomap", value, pointer });
  });
  return writes;
}
