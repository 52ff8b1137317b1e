/**
 * Whether a browser sent a request for a page that is not of this machine. Listening on the loopback interface keeps
 * other machines out, and not the pages that a browser on this one shows: a page may post to any address, and by a name
 * of its own that it lets resolve to 127.0.0.1 (DNS rebinding) it may even read the answers.
 */
import type { IncomingHttpHeaders } from "node:http";

/** A name without a dot, or an address, is in nobody's DNS to be pointed elsewhere. */
const LOCAL_NAME =
  /^(?:[^.]+|(?:.+\.)?localhost|host\.docker\.internal|\d{1,3}(?:\.\d{1,3}){3}|\[[^\]]*\])$/i;

/** Why a request is not answered; undefined for one that is. Only browsers send an Origin, and they always do with a POST. */
export function foreign({ host, origin }: IncomingHttpHeaders): string | undefined {
  if (host !== undefined && !LOCAL_NAME.test(host.replace(/:\d*$/, "")))
    return "The Host is no name of this machine: use 127.0.0.1 or localhost.";
  if (origin !== undefined && !(URL.canParse(origin) && LOCAL_NAME.test(new URL(origin).hostname)))
    return "A page of another site asks; the local environment answers those of this machine alone.";
  return undefined;
}
