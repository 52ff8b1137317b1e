/**
 * The storage side of a disk's shared access signature: a page blob that holds the disk's bytes and a fixed VHD
 * footer. Answers what @azure/storage-blob asks of it: properties, ranged reads, page ranges.
 */
import { createHash, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { once } from "node:events";
import { fixedFooter, FOOTER_BYTES } from "../content/fixed-vhd.js";
import { MIB } from "../content/contents.js";
import { openSas, type Readable } from "../model/disk-access.js";
import type { World } from "../model/world.js";

const PATH = /^\/md-[0-9a-z]+\/([0-9a-f]+)\/abcd$/;
const CHUNK_BYTES = 4 * MIB;

export const isSasPath = (path: string): boolean => path.startsWith("/md-");

export async function serveSas(
  world: World,
  request: IncomingMessage,
  url: URL,
  response: ServerResponse,
): Promise<void> {
  response.setHeader("x-ms-request-id", randomUUID());
  response.setHeader("x-ms-version", "2018-03-28");
  const opened = openSas(world, PATH.exec(url.pathname)?.[1] ?? "", url.searchParams);
  if (opened === "forged") {
    fail(
      response,
      403,
      "AuthenticationFailed",
      "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.",
    );
    return;
  }
  if (opened === "revoked") {
    fail(
      response,
      403,
      "AuthenticationFailed",
      "Server failed to authenticate the request: the access policy of the signature was revoked or has expired.",
    );
    return;
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    fail(
      response,
      403,
      "AuthorizationPermissionMismatch",
      "This request is not authorized to perform this operation using this permission.",
    );
    return;
  }
  const blob = vhdOf(world, opened);
  if (url.searchParams.get("comp") === "pagelist") {
    pageList(response, blob);
    return;
  }
  if (url.searchParams.has("comp")) {
    fail(
      response,
      400,
      "InvalidQueryParameterValue",
      "The disk's blob answers properties, ranges and its page list, nothing else.",
    );
    return;
  }
  await sendRange(request, response, blob);
}

interface Vhd {
  readonly sizeBytes: number;
  readonly etag: string;
  readonly modified: string;
  readonly pages: readonly { readonly offset: number; readonly length: number }[];
  read(offset: number, length: number): Buffer;
}

function vhdOf(world: World, resource: Readable): Vhd {
  const { contentId, sizeBytes } = resource.inner.holding;
  const createdMs = Date.parse(String((resource.body.properties as Record<string, unknown>)["timeCreated"]));
  const footer = fixedFooter(sizeBytes, `${resource.body.id}/${contentId}`, createdMs);
  return {
    sizeBytes: sizeBytes + FOOTER_BYTES,
    etag: `"0x${createHash("sha256").update(`${contentId}/${sizeBytes}`).digest("hex").slice(0, 15).toUpperCase()}"`,
    modified: new Date(createdMs).toUTCString(),
    pages: [...world.contents.extents(contentId), { offset: sizeBytes, length: FOOTER_BYTES }],
    read: (offset, length) => {
      const fromDisk = Math.max(0, Math.min(length, sizeBytes - offset));
      const disk = fromDisk === 0 ? Buffer.alloc(0) : world.contents.read(contentId, offset, fromDisk);
      return fromDisk === length
        ? disk
        : Buffer.concat([disk, footer.subarray(offset + fromDisk - sizeBytes, offset + length - sizeBytes)]);
    },
  };
}

function fail(response: ServerResponse, status: number, code: string, message: string): void {
  const xml = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  response.writeHead(status, {
    "x-ms-error-code": code,
    "content-type": "application/xml",
    "content-length": Buffer.byteLength(xml),
  });
  response.end(xml);
}

function pageList(response: ServerResponse, { pages, sizeBytes, etag, modified }: Vhd): void {
  const ranges = pages.map(
    ({ offset, length }) =>
      `<PageRange><Start>${offset}</Start><End>${offset + length - 1}</End></PageRange>`,
  );
  const xml = `<?xml version="1.0" encoding="utf-8"?><PageList>${ranges.join("")}</PageList>`;
  response.writeHead(200, {
    "content-type": "application/xml",
    "content-length": Buffer.byteLength(xml),
    "x-ms-blob-content-length": sizeBytes,
    etag,
    "last-modified": modified,
  });
  response.end(xml);
}

async function sendRange(request: IncomingMessage, response: ServerResponse, blob: Vhd): Promise<void> {
  const asked = String(request.headers["x-ms-range"] ?? request.headers.range ?? "");
  const range = /^bytes=(\d+)-(\d*)$/.exec(asked);
  const from = Number(range?.[1] ?? 0);
  const to = Math.min(
    blob.sizeBytes - 1,
    range?.[2] === undefined || range[2] === "" ? blob.sizeBytes - 1 : Number(range[2]),
  );
  if (from > to) {
    fail(
      response,
      416,
      "InvalidRange",
      "The range specified is invalid for the current size of the resource.",
    );
    return;
  }
  const wanted = request.headers["if-match"];
  if (wanted !== undefined && wanted !== "*" && wanted !== blob.etag) {
    fail(
      response,
      412,
      "ConditionNotMet",
      "The condition specified using HTTP conditional header(s) is not met.",
    );
    return;
  }
  response.writeHead(range === null ? 200 : 206, {
    "content-type": "application/octet-stream",
    "content-length": to - from + 1,
    ...(range === null ? {} : { "content-range": `bytes ${from}-${to}/${blob.sizeBytes}` }),
    "accept-ranges": "bytes",
    "x-ms-blob-type": "PageBlob",
    "x-ms-blob-sequence-number": "0",
    "x-ms-server-encrypted": "true",
    etag: blob.etag,
    "last-modified": blob.modified,
  });
  if (request.method !== "HEAD") {
    for (let offset = from; offset <= to; offset += CHUNK_BYTES) {
      const more = response.write(blob.read(offset, Math.min(CHUNK_BYTES, to + 1 - offset)));
      if (!more) await Promise.race([once(response, "drain"), once(response, "close")]);
      if (response.destroyed) return;
    }
  }
  response.end();
}
