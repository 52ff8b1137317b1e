/** The footer of a fixed VHD: what Azure appends to a disk that is read, and checks on a blob that is imported. */
import { createHash } from "node:crypto";
import { type ErrorBody } from "../model/errors.js";
import { vhdErrors } from "../model/storage-errors.js";
import { MIB } from "./contents.js";

export const FOOTER_BYTES = 512;
const COOKIE = "conectix";
const FIXED = 2;
/** Azure's least virtual size. */
const MINIMUM_BYTES = 20 * MIB;
/** VHD counts seconds since 2000-01-01. */
const VHD_EPOCH_SECONDS = 946_684_800;

/** Microsoft's VHD specification 1.0, "Hard Disk Footer Format"; geometry is the maximum, as nobody trusts it. */
export function fixedFooter(sizeBytes: number, identity: string, createdMs: number): Buffer {
  const footer = Buffer.alloc(FOOTER_BYTES);
  footer.write(COOKIE, 0, "latin1");
  footer.writeUInt32BE(2, 8); // a reserved feature bit that is always set
  footer.writeUInt32BE(0x0001_0000, 12);
  footer.writeBigUInt64BE(0xffff_ffff_ffff_ffffn, 16);
  footer.writeUInt32BE(Math.max(0, Math.floor(createdMs / 1000) - VHD_EPOCH_SECONDS), 24);
  footer.write("wa\0\0", 28, "latin1");
  footer.writeUInt32BE(0x0007_0000, 32);
  footer.write("Wi2k", 36, "latin1");
  footer.writeBigUInt64BE(BigInt(sizeBytes), 40);
  footer.writeBigUInt64BE(BigInt(sizeBytes), 48);
  footer.writeUInt16BE(65_535, 56);
  footer.writeUInt8(16, 58);
  footer.writeUInt8(255, 59);
  footer.writeUInt32BE(FIXED, 60);
  createHash("sha256").update(identity).digest().copy(footer, 68, 0, 16);
  footer.writeUInt32BE(~footer.reduce((sum, byte) => sum + byte, 0) >>> 0, 64);
  return footer;
}

/** Azure's verdict on a page blob's last 512 bytes, in the order in which the service gives up. */
export function footerFault(
  footer: Buffer,
  blobBytes: number,
  disk: string,
  uri: string,
): ErrorBody | undefined {
  if (footer.length < FOOTER_BYTES || footer.toString("latin1", 0, 8) !== COOKIE)
    return vhdErrors.cookie(disk, uri);
  if (footer.readUInt32BE(60) !== FIXED) return vhdErrors.dynamic(uri);
  const sizeBytes = Number(footer.readBigUInt64BE(48));
  if (sizeBytes % MIB !== 0 || sizeBytes < MINIMUM_BYTES) return vhdErrors.size(uri, sizeBytes);
  if (blobBytes !== sizeBytes + FOOTER_BYTES) return vhdErrors.notVhd();
  return undefined;
}
