/** Request bodies as ARM takes them: at most 4 MB of JSON, not nested without end. */
import type { IncomingMessage } from "node:http";
import { isNestedTooDeep, maskText } from "../../masking.js";
import { arm } from "../model/errors.js";

const LIMIT_BYTES = 4 * 1024 * 1024;

export interface RequestBody {
  readonly text: string;
  readonly bytes: number;
}

/** Hears the client out, since one that is still sending would not hear a refusal; keeps no more than the limit. */
export async function bodyOf(request: IncomingMessage): Promise<RequestBody> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= LIMIT_BYTES) chunks.push(chunk);
  }
  return { text: Buffer.concat(chunks).toString("utf8"), bytes };
}

export function jsonOf({ text, bytes }: RequestBody): unknown {
  if (bytes > LIMIT_BYTES) throw arm.contentTooLarge();
  if (text.trim() === "") return undefined;
  const value = parsed(text);
  if (value instanceof SyntaxError) throw arm.invalidContent(value.message);
  if (isNestedTooDeep(value)) throw arm.invalidContent("The reader's MaxDepth of 64 has been exceeded.");
  return value;
}

/** For logs and recordings, where a body that is no JSON is only shown. */
export function shownJson({ text, bytes }: RequestBody): unknown {
  if (bytes > LIMIT_BYTES) return `(${bytes} bytes)`;
  if (text.trim() === "") return null;
  const value = parsed(text);
  if (value instanceof SyntaxError) return maskText(text);
  return isNestedTooDeep(value) ? `(${bytes} bytes, nested too deep)` : value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    return thrown;
  }
}
