/**
 * A second reading of the specification: the whole file in memory, no bounds but its own, no mercy. It shares no code
 * with src/domain/vhd; where both accept a file, they must agree on every byte of the disk.
 */
export const logicalSize = (file: Buffer): number => Number(footerOf(file).readBigUInt64BE(48));

export function logicalDisk(file: Buffer): Buffer {
  const footer = footerOf(file);
  const size = Number(footer.readBigUInt64BE(48));
  const type = footer.readUInt32BE(60);
  if (type === 2) return file.subarray(0, size);
  if (type !== 3) throw new Error(`Disk type ${type} has no disk of its own.`);
  const headerAt = Number(footer.readBigUInt64BE(16));
  const tableAt = Number(file.readBigUInt64BE(headerAt + 16));
  const blockSize = file.readUInt32BE(headerAt + 32);
  const bitmapSize = Math.ceil(blockSize / 4096 / 512) * 512;
  const disk = Buffer.alloc(size);
  for (let block = 0; block * blockSize < size; block++) {
    const at = file.readUInt32BE(tableAt + block * 4) * 512;
    if (at === 0xffffffff * 512) continue;
    for (let sector = 0; sector < blockSize / 512; sector++) {
      if ((file.readUInt8(at + (sector >> 3)) & (0x80 >> (sector & 7))) === 0) continue;
      file.copy(
        disk,
        block * blockSize + sector * 512,
        at + bitmapSize + sector * 512,
        at + bitmapSize + (sector + 1) * 512,
      );
    }
  }
  return disk;
}

/** The last footer in the file whose checksum is right, or the last one at all. */
function footerOf(file: Buffer): Buffer {
  const candidates: Buffer[] = [];
  for (
    let at = file.lastIndexOf("conectix");
    at >= 0;
    at = at === 0 ? -1 : file.lastIndexOf("conectix", at - 1)
  ) {
    if (file.length - at < 511) continue;
    const bytes = Buffer.alloc(512);
    file.copy(bytes, 0, at, at + 512);
    const claimed = bytes.readUInt32BE(64);
    bytes.writeUInt32BE(0, 64);
    const right = ~bytes.reduce((sum, byte) => sum + byte, 0) >>> 0 === claimed;
    if (right) return bytes;
    candidates.push(bytes);
  }
  const [last] = candidates;
  if (!last) throw new Error("No footer.");
  return last;
}
