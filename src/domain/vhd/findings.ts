/** One thing the doctor saw: what, where, and what to do about it. Plain data, fit for JSON and for a status page. */
import { VHD_CODES, type Severity, type VhdCode } from "./codes.js";

export interface Place {
  readonly offsetBytes: number;
  /** What stands there, escaped where it is text. */
  readonly value?: string;
}

export interface Finding<Code extends string = VhdCode> {
  readonly code: Code;
  readonly severity: Severity;
  readonly what: string;
  readonly remedy: string;
  readonly where?: Place;
}

export interface Particulars {
  /** What this file shows, said after what is always true of the code. */
  readonly detail?: string;
  readonly where?: Place;
  /** Only where the purpose decides. */
  readonly severity?: Severity;
}

export function finding(code: VhdCode, { detail, where, severity }: Particulars = {}): Finding {
  const entry = VHD_CODES[code];
  return {
    code,
    severity: severity ?? entry.severity,
    what: detail === undefined ? entry.what : `${entry.what} ${detail}`,
    remedy: entry.remedy,
    ...(where && { where }),
  };
}

export const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
