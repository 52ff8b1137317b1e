/**
 * Every finding of the doctor about a container: what it means and what to do. What a particular file shows is said
 * by the finding; this table says what is always true of it. Azure's own words for the same faults come hours later.
 */
import type { ForeignFormat } from "./recognize-format.js";

/** `mendable` is corrected by the pipeline; `blocking` is not, and refuses the file. */
export type Severity = "info" | "warning" | "mendable" | "blocking";

interface CodeEntry {
  readonly severity: Severity;
  readonly what: string;
  readonly remedy: string;
}

const UPLOAD_AGAIN = "Upload the file again and compare its length and checksum with the original.";
const MAKE_AGAIN =
  "Create the VHD again from its source (Hyper-V: Convert-VHD; elsewhere: qemu-img convert -O vpc -o subformat=fixed,force_size) and upload the result.";
const MENDED = "Nothing: the pipeline corrects this in the copy that it makes.";
const NOTHING = "Nothing.";
const fromQemu = (format: string) =>
  `Convert it: qemu-img convert -f ${format} -O vpc -o subformat=fixed,force_size IN OUT.vhd`;
const unpack = (how: string) => `Unpack it (${how}) and upload the .vhd inside.`;

const blocking = (what: string, remedy: string): CodeEntry => ({ severity: "blocking", what, remedy });
const mendable = (what: string): CodeEntry => ({ severity: "mendable", what, remedy: MENDED });
const warning = (what: string, remedy = NOTHING): CodeEntry => ({ severity: "warning", what, remedy });
const info = (what: string): CodeEntry => ({ severity: "info", what, remedy: NOTHING });

export const VHD_CODES = {
  // What else the file is
  EMPTY_FILE: blocking("The file is empty.", UPLOAD_AGAIN),
  FILE_TOO_SHORT: blocking("The file is shorter than a footer.", UPLOAD_AGAIN),
  FORMAT_VHDX: blocking(
    "The file is a VHDX, which Azure does not accept.",
    "Convert it: Convert-VHD IN.vhdx OUT.vhd -VHDType Fixed, or qemu-img convert -f vhdx -O vpc -o subformat=fixed,force_size IN OUT.vhd",
  ),
  FORMAT_QCOW2: blocking("The file is a QEMU qcow2 image.", fromQemu("qcow2")),
  FORMAT_VMDK: blocking("The file is a VMware VMDK.", fromQemu("vmdk")),
  FORMAT_VDI: blocking("The file is a VirtualBox VDI.", fromQemu("vdi")),
  FORMAT_GZIP: blocking("The file is compressed with gzip.", unpack("gzip -d")),
  FORMAT_XZ: blocking("The file is compressed with xz.", unpack("xz -d")),
  FORMAT_ZSTD: blocking("The file is compressed with zstd.", unpack("zstd -d")),
  FORMAT_BZIP2: blocking("The file is compressed with bzip2.", unpack("bzip2 -d")),
  FORMAT_ZIP: blocking("The file is a zip archive.", unpack("unzip")),
  FORMAT_7Z: blocking("The file is a 7-Zip archive.", unpack("7z x")),
  FORMAT_TAR: blocking("The file is a tar archive (possibly an OVA).", unpack("tar -x")),
  FORMAT_ISO: blocking(
    "The file is an ISO 9660 image: an installation medium, not an installed disk.",
    "Install a VM from it and upload that VM's disk.",
  ),
  FORMAT_TEXT: blocking("The file is text, probably a saved error page.", UPLOAD_AGAIN),
  FORMAT_UNKNOWN: blocking("The file has no VHD footer, and its format is not recognized.", MAKE_AGAIN),
  BLANK_NO_FOOTER: blocking(
    "The file begins and ends with zeros and has no footer: an incomplete upload, or a disk that was never written to.",
    UPLOAD_AGAIN,
  ),
  // Footer
  FOOTER_MISSING: blocking("The file has no footer where its type requires one.", UPLOAD_AGAIN),
  FOOTER_VERSION: blocking("The footer's format version is not 1.0.", MAKE_AGAIN),
  FOOTER_CHECKSUM: mendable("The footer's checksum is wrong, but its contents match the file."),
  FOOTER_DAMAGED: blocking("No footer in the file has a correct checksum.", MAKE_AGAIN),
  FOOTER_SHORT: mendable("The footer has 511 bytes, as in versions before Virtual PC 2004."),
  FOOTER_PADDED: mendable("Zeros follow the footer."),
  FOOTER_ABSENT: mendable("The file is a bare disk image without a footer."),
  FOOTERS_DIFFER: blocking(
    "The footer at the start and the one at the end describe different disks.",
    MAKE_AGAIN,
  ),
  HEAD_COPY_MISSING: warning(
    "The copy of the footer at the start is missing or damaged; the one at the end is used.",
  ),
  TAIL_FOOTER_MISSING: warning("The footer at the end is missing or damaged; the copy at the start is used."),
  DISK_TYPE: blocking("The footer specifies a reserved disk type.", MAKE_AGAIN),
  DIFFERENCING: blocking(
    "The file is a differencing disk: it contains only the differences from a parent disk.",
    "Merge it into its parent (Merge-VHD, or qemu-img convert of the whole chain) and upload the result.",
  ),
  KIND_DYNAMIC: mendable("The disk is dynamic; Azure accepts fixed disks only."),
  SAVED_STATE: warning(
    "The footer shows that the VM was saved, not shut down.",
    "Shut down the VM before exporting its disk.",
  ),
  GEOMETRY_DIFFERS: info(
    "The CHS geometry does not match the size. Azure, Hyper-V and this pipeline do not use it.",
  ),
  ORIGINAL_SIZE_DIFFERS: info("The disk was resized after it was created."),
  // Size
  SIZE_INVALID: blocking(
    "The virtual size is zero, not a whole number of sectors, or larger than the format allows.",
    MAKE_AGAIN,
  ),
  TRUNCATED: blocking("The file ends before the data that it declares: it is incomplete.", UPLOAD_AGAIN),
  SIZE_MISMATCH: blocking("The file is longer than the disk that its footer describes.", MAKE_AGAIN),
  SIZE_NOT_ALIGNED: mendable("The virtual size is not a whole number of MiB."),
  SIZE_TOO_SMALL: mendable("The disk is smaller than Azure's minimum of 20 MiB; it is extended with zeros."),
  DISK_TOO_LARGE: blocking(
    "The disk exceeds the size limit for its purpose.",
    "Shrink the disk, or raise the limit if it is one that you set.",
  ),
  // Dynamic header and block table
  DATA_OFFSET: blocking("The footer's data offset cannot be the location of a dynamic header.", MAKE_AGAIN),
  HEADER_COOKIE: blocking("There is no dynamic header at the offset in the footer.", MAKE_AGAIN),
  HEADER_VERSION: blocking("The version of the dynamic header is not 1.0.", MAKE_AGAIN),
  HEADER_CHECKSUM: blocking("The checksum of the dynamic header is wrong.", MAKE_AGAIN),
  BLOCK_SIZE: blocking("The block size is not a power of two from 4 KiB to 64 MiB.", MAKE_AGAIN),
  BAT_OFFSET: blocking("The block table's offset is invalid.", MAKE_AGAIN),
  BAT_TOO_SMALL: blocking("The block table has fewer entries than the disk has blocks.", MAKE_AGAIN),
  BAT_TOO_LARGE: blocking("The block table is larger than the file, or needs more than 16 MiB.", MAKE_AGAIN),
  BAT_OUT_OF_RANGE: blocking("A block is outside the file or overlaps its footer.", MAKE_AGAIN),
  BAT_INTO_METADATA: blocking("A block overlaps the footer copy, the header or the block table.", MAKE_AGAIN),
  BAT_OVERLAP: blocking("Two blocks of the disk share bytes of the file.", MAKE_AGAIN),
  // Use
  BLOCK_BLOB: mendable("The file is a block blob; Azure creates disks from page blobs only."),
} satisfies Record<string, CodeEntry> & Record<FormatCode<ForeignFormat>, CodeEntry>;

type FormatCode<F extends string> = `FORMAT_${Uppercase<F>}`;

export type VhdCode = keyof typeof VHD_CODES;

export const formatCode = (format: ForeignFormat): VhdCode =>
  `FORMAT_${format.toUpperCase() as Uppercase<ForeignFormat>}`;
