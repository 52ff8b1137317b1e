/**
 * A plan as bytes, to be kept as a blob: magic, length of a JSON head, the head, then the table as 32-bit words,
 * little-endian: blocks, or which grains are written. The largest plans (2040 GiB in blocks of 512 KiB, a page blob of
 * 8 TiB) have 16 MiB.
 */
import { fieldsOf, roundUp, startsWith } from "./layout.js";
import type { MendingPlan } from "./mending-plan.js";

const MAGIC = "vmplan/2";
const HEAD_AT = MAGIC.length + 4;

interface PlanHead extends Omit<MendingPlan, "source"> {
  readonly source:
    | { readonly kind: "dynamic"; readonly blockBytes: number; readonly bitmapBytes: number }
    | { readonly kind: "linear"; readonly sparse: boolean };
  readonly words: number;
}

export function encodePlan({ source, ...rest }: MendingPlan): Uint8Array {
  const words = source.kind === "dynamic" ? source.blocks : (source.written ?? new Uint32Array(0));
  const head: PlanHead = {
    ...rest,
    source:
      source.kind === "dynamic"
        ? { kind: "dynamic", blockBytes: source.blockBytes, bitmapBytes: source.bitmapBytes }
        : { kind: "linear", sparse: source.written !== undefined },
    words: words.length,
  };
  const text = new TextEncoder().encode(JSON.stringify(head));
  const wordsAt = roundUp(HEAD_AT + text.length, 4);
  const bytes = new Uint8Array(wordsAt + words.length * 4);
  const fields = fieldsOf(bytes);
  bytes.set(new TextEncoder().encode(MAGIC));
  fields.setUint32(MAGIC.length, text.length, true);
  bytes.set(text, HEAD_AT);
  for (let i = 0; i < words.length; i++) fields.setUint32(wordsAt + i * 4, words[i] ?? 0, true);
  return bytes;
}

/** Reads back what encodePlan wrote. Plans are ours and not checked further than for being whole. */
export function decodePlan(bytes: Uint8Array): MendingPlan {
  if (!startsWith(bytes, MAGIC) || bytes.length < HEAD_AT)
    throw new Error("These bytes are not a mending plan.");
  const fields = fieldsOf(bytes);
  const headLength = fields.getUint32(MAGIC.length, true);
  const wordsAt = roundUp(HEAD_AT + headLength, 4);
  if (wordsAt > bytes.length) throw new Error("The mending plan is truncated.");
  const text = new TextDecoder().decode(bytes.subarray(HEAD_AT, HEAD_AT + headLength));
  const { source, words: count, ...rest } = JSON.parse(text) as PlanHead;
  if (bytes.length !== wordsAt + count * 4) throw new Error("The mending plan is truncated.");
  const words = new Uint32Array(count);
  for (let i = 0; i < count; i++) words[i] = fields.getUint32(wordsAt + i * 4, true);
  if (source.kind === "dynamic") return { ...rest, source: { ...source, blocks: words } };
  return { ...rest, source: source.sparse ? { kind: "linear", written: words } : { kind: "linear" } };
}
