// Device rules → an eBPF program of type BPF_PROG_TYPE_CGROUP_DEVICE. Pure: bytes out, nothing loaded.
//
// The kernel calls the program with struct bpf_cgroup_dev_ctx and takes 1 as "allowed":
//   u32 access_type   (access << 16) | type      access: MKNOD 1, READ 2, WRITE 4; type: block 1, char 2
//   u32 major, minor
// The rules are tried from the last to the first. r3 holds the access that no rule has decided yet: a deny
// rule with any of it ends with 0; an allow rule takes its part away and ends with 1 when nothing is left.
// So the last matching rule decides for each kind of access, exactly as the list says (v1 cannot do that).

import { ALL_ACCESS, decidesAll, type DeviceRule } from "./device-rules.js";

const TYPES = { b: 1, c: 2 } as const;

// Operation codes: linux/bpf_common.h and linux/bpf.h.
const LOAD_WORD = 0x61; // BPF_LDX | BPF_MEM | BPF_W
const AND = 0x57; // BPF_ALU64 | BPF_AND | BPF_K
const SHIFT_RIGHT = 0x77; // BPF_ALU64 | BPF_RSH | BPF_K
const SET = 0xb7; // BPF_ALU64 | BPF_MOV | BPF_K
const COPY = 0xbf; // BPF_ALU64 | BPF_MOV | BPF_X
const JUMP_IF_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const JUMP_IF_NOT_EQUAL = 0x55; // BPF_JMP | BPF_JNE | BPF_K
const EXIT = 0x95; // BPF_JMP | BPF_EXIT

// Registers. r1 is the context at first, and free after the loads.
const RESULT = 0;
const CONTEXT = 1;
const SCRATCH = 1;
const TYPE = 2;
const ACCESS = 3;
const MAJOR = 4;
const MINOR = 5;

interface Instruction {
  code: number;
  dst?: number;
  src?: number;
  offset?: number;
  value?: number;
}

/** The program as an array of struct bpf_insn (8 bytes each) in the byte order of the machine. */
export function deviceProgram(rules: readonly DeviceRule[]): Uint8Array {
  const { allowByDefault, relevant } = relevantRules(rules);
  return encode([
    { code: LOAD_WORD, dst: TYPE, src: CONTEXT, offset: 0 },
    { code: AND, dst: TYPE, value: 0xffff },
    { code: LOAD_WORD, dst: ACCESS, src: CONTEXT, offset: 0 },
    { code: SHIFT_RIGHT, dst: ACCESS, value: 16 },
    { code: LOAD_WORD, dst: MAJOR, src: CONTEXT, offset: 4 },
    { code: LOAD_WORD, dst: MINOR, src: CONTEXT, offset: 8 },
    ...relevant.reverse().flatMap(ruleBlock),
    ...answer(allowByDefault),
  ]);
}

/** Whether the rules allow everything, so that no program is needed. */
export function allowsAll(rules: readonly DeviceRule[]): boolean {
  const { allowByDefault, relevant } = relevantRules(rules);
  return allowByDefault && relevant.every(({ allow }) => allow);
}

/** The verifier refuses unreachable instructions, so what a later rule makes void is left out. */
function relevantRules(rules: readonly DeviceRule[]): { allowByDefault: boolean; relevant: DeviceRule[] } {
  const last = rules.findLastIndex(decidesAll);
  return { allowByDefault: last >= 0 && rules[last]!.allow, relevant: rules.slice(last + 1) };
}

/** One rule: conditions that jump behind the block, then its verdict. */
function ruleBlock(rule: DeviceRule): Instruction[] {
  const verdict = ruleVerdict(rule);
  const conditions: [number, number][] = [];
  if (rule.type !== "a") conditions.push([TYPE, TYPES[rule.type]]);
  if (rule.major !== null) conditions.push([MAJOR, rule.major]);
  if (rule.minor !== null) conditions.push([MINOR, rule.minor]);
  return [
    ...conditions.map(([dst, value], index) => ({
      ...{ code: JUMP_IF_NOT_EQUAL, dst, value },
      offset: conditions.length - 1 - index + verdict.length,
    })),
    ...verdict,
  ];
}

function ruleVerdict({ allow, access }: DeviceRule): Instruction[] {
  if (access === ALL_ACCESS) return answer(allow);
  if (allow) {
    return [
      { code: AND, dst: ACCESS, value: ALL_ACCESS & ~access },
      { code: JUMP_IF_NOT_EQUAL, dst: ACCESS, value: 0, offset: 2 },
      ...answer(true),
    ];
  }
  return [
    { code: COPY, dst: SCRATCH, src: ACCESS },
    { code: AND, dst: SCRATCH, value: access },
    { code: JUMP_IF_EQUAL, dst: SCRATCH, value: 0, offset: 2 },
    ...answer(false),
  ];
}

function answer(allow: boolean): Instruction[] {
  return [{ code: SET, dst: RESULT, value: allow ? 1 : 0 }, { code: EXIT }];
}

/** struct bpf_insn: u8 code; u8 dst:4, src:4; s16 off; s32 imm. The two halves swap with the byte order. */
function encode(instructions: readonly Instruction[]): Uint8Array {
  const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  const view = new DataView(new ArrayBuffer(instructions.length * 8));
  instructions.forEach(({ code, dst = 0, src = 0, offset = 0, value = 0 }, index) => {
    const start = index * 8;
    view.setUint8(start, code);
    view.setUint8(start + 1, littleEndian ? (src << 4) | dst : (dst << 4) | src);
    view.setInt16(start + 2, offset, littleEndian);
    view.setInt32(start + 4, value, littleEndian);
  });
  return new Uint8Array(view.buffer);
}
