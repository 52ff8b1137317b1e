/** Which requests of a browser the local environment leaves unanswered. */
import { expect, test } from "vitest";
import { foreign } from "../../../src/local/foreign.js";

test.each<[string | undefined, string | undefined, string]>([
  ["127.0.0.1:7071", undefined, "a client of this machine"],
  ["localhost:7071", undefined, "by its name"],
  ["[::1]:7071", undefined, "by its other address"],
  ["drops.localhost:10000", undefined, "by a name beneath localhost"],
  ["host.docker.internal:7071", undefined, "from a container"],
  ["app", undefined, "by a name that no DNS has"],
  [undefined, undefined, "by HTTP/1.0, without a name"],
  ["127.0.0.1:7071", "http://localhost:7071", "the status page"],
])("%s with the origin %s is answered: %s", (host, origin) => {
  expect(foreign({ ...(host && { host }), ...(origin && { origin }) })).toBeUndefined();
});

test.each<[string | undefined, string | undefined, string]>([
  ["rebound.example:7071", undefined, "a name that its owner lets resolve to us"],
  ["127.0.0.1.rebound.example", undefined, "the same, made to look like an address"],
  ["localhost.rebound.example:80", undefined, "the same, made to look like localhost"],
  ["127.0.0.1:7071", "https://a.example", "a form or a script of another site"],
  ["127.0.0.1:7071", "null", "a page without a site: a file, or a sandboxed frame"],
  ["127.0.0.1:7071", "http://localhost.a.example", "a site that looks like this machine"],
])("%s with the origin %s is not: %s", (host, origin) => {
  expect(foreign({ host, ...(origin && { origin }) })).toMatch(/this machine/);
});
