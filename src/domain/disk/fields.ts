/**
 * On-disk structures as tables of `field: [offset, width]`, so that each can be checked line by line against the
 * specification that it names. All structures inside a PC disk are little-endian.
 */

export type Layout = Readonly<Record<string, readonly [offset: number, width: number]>>;

/** Unsigned; above 2^53 it loses its low bits, but never becomes a small number. Bytes past the end read as zero. */
export function uint(bytes: Uint8Array, offset: number, width: number): number {
  let value = 0;
  for (let index = width - 1; index >= 0; index--) value = value * 256 + (bytes[offset + index] ?? 0);
  return value;
}

/** Two's complement, as NTFS writes its run lists. */
export function int(bytes: Uint8Array, offset: number, width: number): number {
  const value = uint(bytes, offset, width);
  return value >= 2 ** (8 * width - 1) ? value - 2 ** (8 * width) : value;
}

export function readFields<L extends Layout>(
  layout: L,
  bytes: Uint8Array,
  at = 0,
): Readonly<Record<keyof L, number>> {
  const fields = Object.entries(layout).map(([name, [offset, width]]) => [
    name,
    uint(bytes, at + offset, width),
  ]);
  return Object.fromEntries(fields) as Record<keyof L, number>;
}

/** Whether the Latin-1 `magic` stands at `offset`. */
export function hasMagic(bytes: Uint8Array, offset: number, magic: string): boolean {
  return Array.from(magic).every((char, index) => bytes[offset + index] === char.charCodeAt(0));
}

export const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/** The mixed-endian text form of a GUID (UEFI 2.10, appendix A). */
export function guid(bytes: Uint8Array, offset: number): string {
  const hex = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) =>
      uint(bytes, offset + from + index, 1)
        .toString(16)
        .padStart(2, "0"),
    );
  const [first, second, third] = [hex(0, 4).reverse(), hex(4, 2).reverse(), hex(6, 2).reverse()];
  return [first, second, third, hex(8, 2), hex(10, 6)]
    .map((part) => part.join(""))
    .join("-")
    .toUpperCase();
}

export const isPowerOfTwo = (value: number): boolean => value > 0 && Number.isInteger(Math.log2(value));
