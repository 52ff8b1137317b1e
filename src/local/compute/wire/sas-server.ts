/**
 * The storage side of a disk's shared access signature: a page blob that holds the disk's bytes and a fixed VHD
 * footer. Answers what @azure/storage-blob asks of it: properties, ranged reads, page ranges.
 */
import { createHash, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { fixedFooter, FOOTER_BYTES } from "../content/fixed-vhd.js";
import { MIB } from "../content/contents.js";
import { openSas, type Readable } from "../model/disk-access.js";
import type { World } from "../model/world.js";

const PATH = /^\/md-[0-9a-z]+\/([0-9a-f]+)\/abcd$/;
const CHUNK_BYTES = 4 * MIB;

export const isSasPath = (path: string): boolean => path.startsWith("/md-");

/** The whole answer but for the bytes, which are read as they leave. */
export interface SasReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text?: string;
  readonly bytes?: { readonly blob: Vhd; readonly from: number; readonly to: number };
}

export function sasReply(world: World, { method, headers }: IncomingMessage, url: URL): SasReply {
  const opened = openSas(world, PATH.exec(url.pathname)?.[1] ?? "", url.searchParams);
  if (opened === "forged")
    return failure(
      403,
      "AuthenticationFailed",
      "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.",
    );
  if (opened === "revoked")
    return failure(
      403,
      "AuthenticationFailed",
      "Server failed to authenticate the request: the access policy of the signature was revoked or has expired.",
    );
  if (method !== "GET" && method !== "HEAD")
    return failure(
      403,
      "AuthorizationPermissionMismatch",
      "This request is not authorized to perform this operation using this permission.",
    );
  const blob = vhdOf(world, opened);
  if (url.searchParams.get("comp") === "pagelist") return pageList(blob);
  if (url.searchParams.has("comp"))
    return failure(
      400,
      "InvalidQueryParameterValue",
      "The disk's blob answers properties, ranges and its page list, nothing else.",
    );
  return range(headers, blob);
}

export async function sendSas(
  { status, headers, text, bytes }: SasReply,
  withoutBody: boolean,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(status, headers);
  if (bytes === undefined || withoutBody) {
    response.end(text);
    return;
  }
  // The signature may be revoked and the disk deleted while its bytes are on their way.
  const release = bytes.blob.hold();
  try {
    await pipeline(chunks(bytes), response);
  } catch (thrown) {
    // Who has read enough leaves.
    if ((thrown as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw thrown;
  } finally {
    release();
  }
}

function* chunks({ blob, from, to }: NonNullable<SasReply["bytes"]>): Generator<Buffer, void, undefined> {
  for (let offset = from; offset <= to; offset += CHUNK_BYTES)
    yield blob.read(offset, Math.min(CHUNK_BYTES, to + 1 - offset));
}

interface Vhd {
  readonly sizeBytes: number;
  readonly etag: string;
  readonly modified: string;
  readonly pages: readonly { readonly offset: number; readonly length: number }[];
  read(offset: number, length: number): Buffer;
  hold(): () => void;
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
    hold: () => world.contents.hold(contentId),
    read: (offset, length) => {
      const fromDisk = Math.max(0, Math.min(length, sizeBytes - offset));
      const disk = fromDisk === 0 ? Buffer.alloc(0) : world.contents.read(contentId, offset, fromDisk);
      return fromDisk === length
        ? disk
        : Buffer.concat([disk, footer.subarray(offset + fromDisk - sizeBytes, offset + length - sizeBytes)]);
    },
  };
}

const common = (): Record<string, string> => ({
  "x-ms-request-id": randomUUID(),
  "x-ms-version": "2018-03-28",
});

const xml = (status: number, text: string, headers: Record<string, string>): SasReply => ({
  status,
  headers: {
    ...common(),
    ...headers,
    "content-type": "application/xml",
    "content-length": String(Buffer.byteLength(text)),
  },
  text,
});

const failure = (status: number, code: string, message: string): SasReply =>
  xml(
    status,
    `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
    { "x-ms-error-code": code },
  );

function pageList({ pages, sizeBytes, etag, modified }: Vhd): SasReply {
  const ranges = pages.map(
    ({ offset, length }) =>
      `<PageRange><Start>${offset}</Start><End>${offset + length - 1}</End></PageRange>`,
  );
  return xml(200, `<?xml version="1.0" encoding="utf-8"?><PageList>${ranges.join("")}</PageList>`, {
    "x-ms-blob-content-length": String(sizeBytes),
    etag,
    "last-modified": modified,
  });
}

function range(headers: IncomingMessage["headers"], blob: Vhd): SasReply {
  const asked = /^bytes=(\d+)-(\d*)$/.exec(String(headers["x-ms-range"] ?? headers.range ?? ""));
  const from = Number(asked?.[1] ?? 0);
  const last = blob.sizeBytes - 1;
  const to = Math.min(last, asked?.[2] === undefined || asked[2] === "" ? last : Number(asked[2]));
  if (from > to)
    return failure(
      416,
      "InvalidRange",
      "The range specified is invalid for the current size of the resource.",
    );
  const wanted = headers["if-match"];
  if (wanted !== undefined && wanted !== "*" && wanted !== blob.etag)
    return failure(
      412,
      "ConditionNotMet",
      "The condition specified using HTTP conditional header(s) is not met.",
    );
  return {
    status: asked === null ? 200 : 206,
    headers: {
      ...common(),
      "content-type": "application/octet-stream",
      "content-length": String(to - from + 1),
      ...(asked === null ? {} : { "content-range": `bytes ${from}-${to}/${blob.sizeBytes}` }),
      "accept-ranges": "bytes",
      "x-ms-blob-type": "PageBlob",
      "x-ms-blob-sequence-number": "0",
      "x-ms-server-encrypted": "true",
      etag: blob.etag,
      "last-modified": blob.modified,
    },
    bytes: { blob, from, to },
  };
}
