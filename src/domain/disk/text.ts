/**
 * Text that came from a disk is a stranger's: before it reaches a message, a tag or a log it is capped, and what
 * could break a line, move a cursor or reverse the reading order is spelled out instead.
 */

const MAX_PRINTABLE_LENGTH = 64;

/** Control, format, private-use and unpaired characters (Unicode C*), line and paragraph separators, backslash. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}\\]/gu;

export function printable(text: string, maxLength = MAX_PRINTABLE_LENGTH): string {
  const capped = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return capped.replace(UNSAFE, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

export const utf8 = (bytes: Uint8Array): string => new TextDecoder("utf-8").decode(bytes);

/** Up to the first NUL, or all of it. */
export function utf16(bytes: Uint8Array): string {
  const text = new TextDecoder("utf-16le").decode(bytes.subarray(0, bytes.length & ~1));
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

export const latin1 = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
