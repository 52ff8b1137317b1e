/** Between host values and the typed data of the worker protocol. */
import type { RpcTypedData } from "./core-types.js";

export const asString = (string: string): RpcTypedData => ({ string });
export const asJson = (value: unknown): RpcTypedData => ({ json: JSON.stringify(value) });

/** Trigger metadata: absent values stay absent. */
export function metadataOf(values: Record<string, unknown>): Record<string, RpcTypedData> {
  const metadata: Record<string, RpcTypedData> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null) continue;
    if (typeof value === "string") metadata[name] = { string: value };
    else if (typeof value === "number" && Number.isInteger(value)) metadata[name] = { int: value };
    else metadata[name] = asJson(value);
  }
  return metadata;
}

/** The JSON text that a returned value has in a history; nothing returned is `null`. */
export function toJsonText(data: RpcTypedData | null | undefined): string {
  if (data === null || data === undefined) return "null";
  if (data.json !== undefined) return data.json;
  if (data.string !== undefined) return JSON.stringify(data.string);
  if (data.int !== undefined) return String(data.int);
  if (data.double !== undefined) return String(data.double);
  if (data.bytes !== undefined) return JSON.stringify(Buffer.from(data.bytes).toString("base64"));
  return "null";
}

export function toBytes(data: RpcTypedData | undefined): Buffer {
  if (data?.bytes !== undefined) return Buffer.from(data.bytes);
  if (data?.string !== undefined) return Buffer.from(data.string);
  if (data?.json !== undefined) return Buffer.from(data.json);
  return Buffer.alloc(0);
}
