/** Where a guest leaves its marker. */
export interface SealMarkers {
  /** A URL to which, for `minutes`, one marker can be written and from which nothing can be read. A secret. */
  uploadUrl(runId: string, minutes: number): Promise<string>;
  /** The marker document, or undefined as long as there is none. */
  read(runId: string): Promise<unknown>;
}
