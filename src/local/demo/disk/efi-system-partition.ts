/**
 * An EFI system partition: FAT32 with \EFI\BOOT\BOOTX64.EFI (Microsoft's FAT specification 1.03; UEFI 2.10,
 * section 13.3). The loader is a whole PE image whose one function returns EFI_SUCCESS.
 */
import type { Extent } from "./extent.js";
import { bytesAt } from "./extent.js";
import { SECTOR_BYTES } from "./gpt.js";

const RESERVED_SECTORS = 32;
const END_OF_CHAIN = 0x0fff_ffff;
const DIRECTORY = 0x10;
const ARCHIVE = 0x20;
const VOLUME_LABEL = 0x08;
const LABEL = "EFI        ";

/** One sector a cluster: the smallest volume that is FAT32 (65,525 clusters) stays below 34 MiB. */
export function efiSystemPartition(sizeBytes: number, firstSector: number, vendor: string): Extent[] {
  const sectors = sizeBytes / SECTOR_BYTES;
  const fatSectors = Math.ceil(((sectors - RESERVED_SECTORS) * 4) / (SECTOR_BYTES + 8));
  const clusters = sectors - RESERVED_SECTORS - 2 * fatSectors;
  if (clusters < 65_525) throw new RangeError(`${sizeBytes} bytes are too few for FAT32.`);
  const dataOffset = (RESERVED_SECTORS + 2 * fatSectors) * SECTOR_BYTES;
  const at = (cluster: number, bytes: Buffer) => bytesAt(dataOffset + (cluster - 2) * SECTOR_BYTES, bytes);

  const loader = efiApplication();
  const [root, efi, boot, vendorDirectory, file] = [2, 3, 4, 5, 6] as const;
  const fileClusters = Math.ceil(loader.length / SECTOR_BYTES);
  const fat = Buffer.alloc((file + fileClusters) * 4);
  [0x0fff_fff8, END_OF_CHAIN, END_OF_CHAIN, END_OF_CHAIN, END_OF_CHAIN, END_OF_CHAIN].forEach(
    (value, index) => fat.writeUInt32LE(value, index * 4),
  );
  for (let i = 0; i < fileClusters; i++)
    fat.writeUInt32LE(i + 1 < fileClusters ? file + i + 1 : END_OF_CHAIN, (file + i) * 4);

  const bootSector = bootSectorOf(sectors, firstSector, fatSectors);
  const information = informationSector(clusters - (file - 2) - fileClusters, file + fileClusters);
  return [
    bytesAt(0, Buffer.concat([bootSector, information])),
    bytesAt(6 * SECTOR_BYTES, Buffer.concat([bootSector, information])),
    bytesAt(RESERVED_SECTORS * SECTOR_BYTES, fat),
    bytesAt((RESERVED_SECTORS + fatSectors) * SECTOR_BYTES, fat),
    at(root, directory([entry(LABEL, VOLUME_LABEL, 0), entry("EFI        ", DIRECTORY, efi)])),
    at(
      efi,
      directory([
        ...dots(efi, 0),
        entry("BOOT       ", DIRECTORY, boot),
        entry(vendor.toUpperCase().padEnd(11), DIRECTORY, vendorDirectory),
      ]),
    ),
    at(boot, directory([...dots(boot, efi), entry("BOOTX64 EFI", ARCHIVE, file, loader.length)])),
    at(vendorDirectory, directory(dots(vendorDirectory, efi))),
    at(file, loader),
  ];
}

function bootSectorOf(sectors: number, firstSector: number, fatSectors: number): Buffer {
  const bytes = Buffer.alloc(SECTOR_BYTES);
  bytes.write("\xeb\x58\x90VMIMAGE ", 0, "latin1");
  bytes.writeUInt16LE(SECTOR_BYTES, 11);
  bytes.writeUInt8(1, 13);
  bytes.writeUInt16LE(RESERVED_SECTORS, 14);
  bytes.writeUInt8(2, 16);
  bytes.writeUInt8(0xf8, 21);
  bytes.writeUInt16LE(63, 24);
  bytes.writeUInt16LE(255, 26);
  bytes.writeUInt32LE(firstSector, 28);
  bytes.writeUInt32LE(sectors, 32);
  bytes.writeUInt32LE(fatSectors, 36);
  bytes.writeUInt32LE(2, 44);
  bytes.writeUInt16LE(1, 48);
  bytes.writeUInt16LE(6, 50);
  bytes.writeUInt8(0x80, 64);
  bytes.writeUInt8(0x29, 66);
  bytes.writeUInt32LE(0x2026_0101, 67);
  bytes.write(`${LABEL}FAT32   `, 71, "latin1");
  bytes.writeUInt16BE(0x55aa, 510);
  return bytes;
}

function informationSector(freeClusters: number, nextFree: number): Buffer {
  const bytes = Buffer.alloc(SECTOR_BYTES);
  bytes.write("RRaA", 0, "latin1");
  bytes.write("rrAa", 484, "latin1");
  bytes.writeUInt32LE(freeClusters, 488);
  bytes.writeUInt32LE(nextFree, 492);
  bytes.writeUInt16BE(0x55aa, 510);
  return bytes;
}

const directory = (entries: readonly Buffer[]): Buffer => Buffer.concat(entries, SECTOR_BYTES);

const dots = (self: number, parent: number): Buffer[] => [
  entry(".          ", DIRECTORY, self),
  entry("..         ", DIRECTORY, parent),
];

function entry(name: string, attributes: number, cluster: number, sizeBytes = 0): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.write(name, 0, 11, "latin1");
  bytes.writeUInt8(attributes, 11);
  bytes.writeUInt16LE(0x5c21, 24); // written 2026-01-01
  bytes.writeUInt16LE(cluster, 26);
  bytes.writeUInt32LE(sizeBytes, 28);
  return bytes;
}

/** PE32+ for x64, subsystem "EFI application", one section: xor eax,eax; ret. */
function efiApplication(): Buffer {
  const file = Buffer.alloc(1024);
  file.write("MZ", 0, "latin1");
  file.writeUInt32LE(0x80, 0x3c);
  file.write("PE\0\0", 0x80, "latin1");
  const coff = 0x84;
  file.writeUInt16LE(0x8664, coff);
  file.writeUInt16LE(1, coff + 2);
  file.writeUInt16LE(240, coff + 16);
  file.writeUInt16LE(0x0022, coff + 18);
  const optional = coff + 20;
  file.writeUInt16LE(0x20b, optional);
  file.writeUInt32LE(512, optional + 4); // size of code
  file.writeUInt32LE(0x1000, optional + 16); // entry point
  file.writeUInt32LE(0x1000, optional + 20); // base of code
  file.writeUInt32LE(0x1000, optional + 32); // section alignment
  file.writeUInt32LE(512, optional + 36); // file alignment
  file.writeUInt32LE(0x2000, optional + 56); // size of image
  file.writeUInt32LE(512, optional + 60); // size of headers
  file.writeUInt16LE(10, optional + 68); // EFI application
  file.writeUInt32LE(16, optional + 108); // data directories, all empty
  const section = optional + 240;
  file.write(".text", section, "latin1");
  file.writeUInt32LE(3, section + 8);
  file.writeUInt32LE(0x1000, section + 12);
  file.writeUInt32LE(512, section + 16);
  file.writeUInt32LE(512, section + 20);
  file.writeUInt32LE(0x6000_0020, section + 36);
  file.write("\x31\xc0\xc3", 512, "latin1");
  return file;
}
