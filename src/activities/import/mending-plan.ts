/** The plan of a mending as a document: the container's map, which no history should hold. The same file, the same bytes. */
import { createHash } from "node:crypto";
import type { Container } from "../../domain/vhd/container.js";

const LENGTH_BYTES = 4;

export function encodePlan(container: Container): Buffer {
  const { blocks, ...facts } = container.kind === "dynamic" ? container : { ...container, blocks: undefined };
  const head = Buffer.from(JSON.stringify(facts));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(head.length);
  const table = Buffer.alloc((blocks?.length ?? 0) * 4);
  blocks?.forEach((sector, index) => table.writeUInt32LE(sector, index * 4));
  return Buffer.concat([length, head, table]);
}

export function decodePlan(bytes: Uint8Array): Container {
  const plan = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tableAt = LENGTH_BYTES + plan.readUInt32LE(0);
  const facts = JSON.parse(plan.toString("utf8", LENGTH_BYTES, tableAt)) as Omit<Container, "blocks">;
  if (facts.kind !== "dynamic") return facts as Container;
  const blocks = new Uint32Array((plan.length - tableAt) / 4);
  for (let i = 0; i < blocks.length; i++) blocks[i] = plan.readUInt32LE(tableAt + i * 4);
  return { ...facts, blocks } as Container;
}

export const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export const planName = (disk: string): string => `${disk}/plan`;
/** In the order of the disk, as text. */
export const hashesName = (disk: string, from: number, to: number): string =>
  `${disk}/hashes-${pad(from)}-${pad(to)}`;
const pad = (unit: number) => String(unit).padStart(9, "0");

export function hashesBounds(name: string): { from: number; to: number } {
  const [, from = "0", to = "0"] = /hashes-(\d+)-(\d+)$/.exec(name) ?? [];
  return { from: Number(from), to: Number(to) };
}
