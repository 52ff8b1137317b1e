/**
 * Which version of which blob a function has seen, and how often it was tried. Kept in a journal of this host's own;
 * the real extension keeps a blob for each, in `azure-webjobs-hosts`.
 */
import { join } from "node:path";
import { type JournalOptions, openJournal } from "../durable/journal.js";

interface Receipt {
  readonly key: string;
  readonly etag: string;
  readonly attempts: number;
  readonly done: boolean;
}

export interface BlobReceipts {
  isDone(key: string, etag: string): boolean;
  attempts(key: string, etag: string): number;
  /** Safe before the attempt begins, so that a blob which kills the host is poisoned in the end. */
  attempt(key: string, etag: string): Promise<void>;
  done(key: string, etag: string): Promise<void>;
  close(): Promise<void>;
}

const COMPACT_ABOVE_BYTES = 1 << 20;

export async function openBlobReceipts(stateDir: string, options: JournalOptions): Promise<BlobReceipts> {
  const receipts = new Map<string, Receipt>();
  const journal = await openJournal(join(stateDir, "blob-receipts.journal"), options, ({ header }) => {
    const receipt = header as Receipt;
    receipts.set(receipt.key, receipt);
  });
  if (journal.sizeBytes() > COMPACT_ABOVE_BYTES) {
    await journal.rewrite((next) => {
      for (const receipt of receipts.values()) next.append(receipt);
      return Promise.resolve();
    });
  }
  const write = async (receipt: Receipt) => {
    receipts.set(receipt.key, receipt);
    journal.append(receipt);
    await journal.flushed();
  };
  const find = (key: string, etag: string) => {
    const receipt = receipts.get(key);
    return receipt?.etag === etag ? receipt : undefined;
  };
  return {
    isDone: (key, etag) => find(key, etag)?.done === true,
    attempts: (key, etag) => find(key, etag)?.attempts ?? 0,
    attempt: (key, etag) => write({ key, etag, attempts: (find(key, etag)?.attempts ?? 0) + 1, done: false }),
    done: (key, etag) => write({ key, etag, attempts: find(key, etag)?.attempts ?? 0, done: true }),
    close: () => journal.close(),
  };
}
