/**
 * Decides which of a file's footers speaks for it. Tools disagree (qemu-img reads the head alone, libvhdi the tail
 * alone); here both are looked at, either will do, and two that contradict each other refuse the file.
 */
import { finding, hex, type Finding } from "./findings.js";
import { FOOTER_FIELD } from "./footer.js";
import { describeSameDisk, isIntact, type Footers, type LocatedFooter } from "./locate-footer.js";

export interface ChosenFooter extends LocatedFooter {
  readonly findings: readonly Finding[];
  /** Where the data of the file end: at the tail footer, or at the end of the file when there is none. */
  readonly endOfData?: number;
}

export function chooseFooter({ tail, head }: Footers): ChosenFooter | Finding | undefined {
  const padding =
    tail?.form === "padded" ? [finding("FOOTER_PADDED", { where: { offsetBytes: tail.offsetBytes } })] : [];
  const short =
    tail?.form === "short" ? [finding("FOOTER_SHORT", { where: { offsetBytes: tail.offsetBytes } })] : [];
  const form = [...padding, ...short];
  if (tail && isIntact(tail.footer)) {
    if (isIntact(head) && !describeSameDisk(head, tail.footer)) {
      return finding("FOOTERS_DIFFER", {
        where: { offsetBytes: 0, value: `type ${head.typeNumber}, ${head.currentSize} bytes` },
      });
    }
    const lost = tail.footer.type !== "fixed" && !isIntact(head);
    return {
      ...tail,
      findings: lost ? [...form, finding("HEAD_COPY_MISSING", { where: { offsetBytes: 0 } })] : form,
      endOfData: tail.offsetBytes,
    };
  }
  if (isIntact(head) && head.type !== "fixed") {
    return {
      footer: head,
      offsetBytes: 0,
      form: "exact",
      findings: [
        finding("TAIL_FOOTER_MISSING", { ...(tail && { where: { offsetBytes: tail.offsetBytes } }) }),
      ],
      ...(tail && { endOfData: tail.offsetBytes }),
    };
  }
  if (tail) {
    const { checksum, expectedChecksum, type } = tail.footer;
    const where = { offsetBytes: tail.offsetBytes + FOOTER_FIELD.checksum, value: hex(checksum) };
    const detail = `It should be ${hex(expectedChecksum)}.`;
    // Of a fixed disk the footer only repeats what the length of the file says; of others it is the only map.
    if (type === "fixed")
      return { ...tail, findings: [...form, finding("FOOTER_CHECKSUM", { detail, where })] };
    if (type === "differencing") return { ...tail, findings: [finding("FOOTER_DAMAGED", { detail, where })] };
    return finding("FOOTER_DAMAGED", { detail, where });
  }
  return (
    head &&
    finding("FOOTER_MISSING", { detail: "Only the copy at the start exists.", where: { offsetBytes: 0 } })
  );
}
