/** What the tests of the Linux seal share: a root of a family, a store for its marker, and one call. */
import { onTestFinished } from "vitest";
import { families, type Family } from "./families.js";
import { makeGuestRoot, type GuestRoot } from "./guest-root.js";
import { startMarkerStore, type MarkerStore } from "./marker-store.js";
import { usualCommands } from "./stand-ins.js";

export interface SealScene {
  readonly guest: GuestRoot;
  readonly store: MarkerStore;
  seal(parameters?: Readonly<Record<string, string>>): ReturnType<GuestRoot["run"]>;
  /** The one marker that was written. */
  marker(): Record<string, unknown>;
  markers(): Record<string, unknown>[];
  poweredOff(): boolean;
}

export function family(name: string): Family {
  const found = families.find((each) => each.family === name);
  if (found === undefined) throw new Error(`No such family: ${name}`);
  return found;
}

/** Everything in it ends with the test. */
export async function sealScene({ files, commands }: Family): Promise<SealScene> {
  const guest = makeGuestRoot(files, [...usualCommands, ...commands]);
  onTestFinished(() => guest.remove());
  const store = await startMarkerStore();
  onTestFinished(() => store.close());
  const markers = () => store.puts.map(({ marker }) => marker);
  return {
    guest,
    store,
    markers,
    marker: () => {
      const [marker, ...others] = markers();
      if (marker === undefined || others.length > 0)
        throw new Error(`${store.puts.length} markers instead of one`);
      return marker;
    },
    poweredOff: () => guest.calls().includes("systemctl poweroff"),
    seal: (parameters = {}) =>
      guest.run("seal", {
        runId: "run-1",
        markerUrl: store.url,
        removeUsers: "",
        keepUsers: "",
        allowedRemedies: "",
        unregister: "",
        selfPowerOff: "true",
        ...parameters,
      }),
  };
}
