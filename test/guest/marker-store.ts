/** A storage account's one job in a seal: to take the marker. Listens on loopback, on a port of its own. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface MarkerStore {
  readonly url: string;
  readonly secret: string;
  readonly puts: { method: string; url: string; blobType: string; marker: Record<string, unknown> }[];
  /** Answers the next requests with these codes, then with 201. */
  answer(...codes: number[]): void;
  close(): Promise<void>;
}

export async function startMarkerStore(): Promise<MarkerStore> {
  const puts: MarkerStore["puts"] = [];
  const codes: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const code = codes.shift() ?? 201;
      if (code === 201) {
        puts.push({
          method: request.method ?? "",
          url: request.url ?? "",
          blobType: String(request.headers["x-ms-blob-type"]),
          marker: JSON.parse(Buffer.concat(chunks).toString("utf8")) as Record<string, unknown>,
        });
      }
      response.writeHead(code).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const secret = "c2VjcmV0LXNpZ25hdHVyZQ%3D%3D";
  const { port } = server.address() as AddressInfo;
  return {
    secret,
    url: `http://127.0.0.1:${port}/account/markers/run-1.json?sv=2024-11-04&sp=cw&sig=${secret}`,
    puts,
    answer: (...next) => void codes.push(...next),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
