/** IPv4 prefixes in CIDR notation, and the addresses of a subnet that Azure gives out. */

export interface Prefix {
  readonly first: number;
  readonly size: number;
}

/** Of every subnet Azure keeps the first four addresses and the last ("Virtual network FAQ"). */
const KEPT_BEFORE = 4;
const KEPT_AFTER = 1;

export function parseAddress(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((address, part) => address * 256 + part, 0);
}

export const addressText = (address: number): string =>
  [24, 16, 8, 0].map((bits) => Math.floor(address / 2 ** bits) % 256).join(".");

/** The prefix that the text means; its host bits may still be set, as `alignedText` would say it. */
export function parsePrefix(text: string): Prefix | undefined {
  const [address = "", bits = ""] = text.split("/");
  const first = parseAddress(address);
  if (first === undefined || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return undefined;
  const size = 2 ** (32 - Number(bits));
  return { first: first - (first % size), size };
}

export const prefixText = ({ first, size }: Prefix): string =>
  `${addressText(first)}/${32 - Math.log2(size)}`;

export const holds = (outer: Prefix, inner: Prefix): boolean =>
  inner.first >= outer.first && inner.first + inner.size <= outer.first + outer.size;

export const overlaps = (a: Prefix, b: Prefix): boolean =>
  a.first < b.first + b.size && b.first < a.first + a.size;

/** The lowest address of the subnet that is nobody's. */
export function freeAddress({ first, size }: Prefix, used: ReadonlySet<string>): string | undefined {
  for (let address = first + KEPT_BEFORE; address < first + size - KEPT_AFTER; address += 1)
    if (!used.has(addressText(address))) return addressText(address);
  return undefined;
}
