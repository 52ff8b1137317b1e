/** Disks for benches, dropped block by block, however large they say that they are. */
import { randomBytes } from "node:crypto";
import type { ContainerClient } from "@azure/storage-blob";
import type { SparseDisk } from "../test/support/disk-builder.js";
import { footerBytes, headerBytes } from "../test/support/vhd-builder.js";

const MIB = 1024 * 1024;
const BLOCK = 2 * MIB;

/**
 * A dynamic disk of random data with a hole in every block, spread over the disk; blocks staged one by one. `system` is
 * what the disk begins with.
 */
export async function dropDynamic(
  drops: ContainerClient,
  name: string,
  sizeBytes: number,
  blocks: number,
  system?: SparseDisk,
): Promise<void> {
  const entries = sizeBytes / BLOCK;
  const systemBlocks = Math.ceil((system?.sizeBytes ?? 0) / BLOCK);
  const entryOf = (block: number) =>
    block < systemBlocks ? block : Math.max(block, Math.floor((block * entries) / blocks));
  const table = Buffer.alloc(Math.ceil((entries * 4) / 512) * 512, 0xff);
  const dataAt = 1536 + table.length;
  const blockFile = 512 + BLOCK;
  for (let i = 0; i < blocks; i++) table.writeUInt32BE((dataAt + i * blockFile) / 512, entryOf(i) * 4);
  const footer = footerBytes({ size: sizeBytes, type: 3, dataOffset: 512n });
  const header = headerBytes({ entries, blockSize: BLOCK, tableOffset: 1536 });
  const blob = drops.getBlockBlobClient(name);
  const ids: string[] = [];
  const stage = async (bytes: Buffer) => {
    const id = Buffer.from(String(ids.length).padStart(6, "0")).toString("base64");
    ids.push(id);
    await blob.stageBlock(id, bytes, bytes.length);
  };
  await stage(Buffer.concat([footer, header, table]));
  for (let i = 0; i < blocks; i++) {
    const block = Buffer.concat([Buffer.alloc(512, 0xff), randomBytes(BLOCK)]);
    block.fill(0, 512 + 300 * 1024, 512 + 500 * 1024);
    if (system !== undefined && i < systemBlocks)
      block.fill(0, 512).set(system.bytes(i * BLOCK, Math.min(BLOCK, system.sizeBytes - i * BLOCK)), 512);
    await stage(block);
  }
  await stage(footer);
  await blob.commitBlockList(ids);
}
