/**
 * Put Page From URL for an account that has none (Azurite answers 501): refuses what Azure refuses, by the operation's
 * published headers (learn.microsoft.com, "Put Page From URL"), then moves the bytes. Put into the wire to the account.
 */
import { createHash } from "node:crypto";
import { RestError, type BlobServiceClient } from "@azure/storage-blob";
import type { Fault, WireRequest } from "./faulty-wire.js";

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_URL = 2048;

export const isPageFromUrl = ({ method, query, headers }: WireRequest): boolean =>
  method === "PUT" && query.get("comp") === "page" && headers["x-ms-copy-source"] !== undefined;

type Answer = Extract<Fault, { status: number }>;
const no = (status: number, code: string): Answer => ({ status, code });

export async function pageFromUrl(request: WireRequest, service: BlobServiceClient): Promise<Answer> {
  const header = (name: string) => {
    const value = request.headers[name];
    return typeof value === "string" ? value : undefined;
  };
  const target = rangeOf(header("x-ms-range") ?? header("range"));
  const source = rangeOf(header("x-ms-source-range"));
  const url = header("x-ms-copy-source") ?? "";
  const bearer = header("x-ms-copy-source-authorization");
  if ((header("x-ms-version") ?? "") < (bearer === undefined ? "2018-11-09" : "2020-10-02"))
    return no(400, "UnsupportedHeader");
  if (header("content-length") !== "0" || header("x-ms-page-write") !== "update")
    return no(400, "InvalidHeaderValue");
  if (target === undefined || source === undefined) return no(400, "MissingRequiredHeader");
  if (url.length > MAX_URL || (bearer !== undefined && !bearer.startsWith("Bearer ")))
    return no(400, "InvalidHeaderValue");
  if (target.length > MAX_BYTES) return no(413, "RequestBodyTooLarge");
  if (target.offset % 512 !== 0 || target.length % 512 !== 0 || target.length !== source.length)
    return no(400, "InvalidPageRange");

  const [, , container = "", ...name] = decodeURIComponent(request.path).split("/");
  const blob = service.getContainerClient(container).getPageBlobClient(name.join("/"));
  const { contentLength = 0 } = await blob.getProperties();
  if (target.offset + target.length > contentLength) return no(416, "InvalidPageRange");

  // Nobody but whoever is let in by the URL itself reads the source; the request's own authorization does not count.
  const read = await fetch(url, {
    headers: {
      range: `bytes=${source.offset}-${source.offset + source.length - 1}`,
      "if-match": header("x-ms-source-if-match") ?? "*",
    },
  });
  if (read.status === 412) return no(412, "SourceConditionNotMet");
  if (read.status !== 206) return no(read.status, "CannotVerifyCopySource");
  const bytes = Buffer.from(await read.arrayBuffer());
  const md5 = header("x-ms-source-content-md5");
  if (md5 !== undefined && md5 !== createHash("md5").update(bytes).digest("base64"))
    return no(400, "Md5Mismatch");

  const sequence = header("x-ms-if-sequence-number-eq");
  const conditions = sequence === undefined ? {} : { ifSequenceNumberEqualTo: Number(sequence) };
  try {
    await blob.uploadPages(bytes, target.offset, target.length, { conditions });
  } catch (error) {
    if (error instanceof RestError) return no(error.statusCode ?? 500, error.code ?? "");
    throw error;
  }
  return { status: 201, code: "" };
}

function rangeOf(header: string | undefined): { offset: number; length: number } | undefined {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(header ?? "") ?? [];
  return from === undefined ? undefined : { offset: Number(from), length: Number(to) - Number(from) + 1 };
}
