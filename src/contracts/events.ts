/** External events that a run waits for. */
export const CANCEL_EVENT = "cancel";

export interface CancelEvent {
  readonly reason?: string;
}
