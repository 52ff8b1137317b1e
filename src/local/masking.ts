/** What a log or a recording may show: secrets become `***`. One place, so that each of them hides the same. */
const MASK = "***";

/** Members whose whole value is secret, whatever it is: of ARM bodies, of grants, of settings and headers. */
const SECRET_MEMBERS = new Set([
  "protectedparameters",
  "protectedsettings",
  "adminpassword",
  "additionalunattendcontent",
  "customdata",
  "userdata",
  "accesssas",
  "markerurl",
  "connectionstring",
  "sharedaccesskey",
  "accountkey",
  "x-functions-key",
]);

/** The signature of a SAS, also of one that is a parameter itself; keys in connection strings and URLs. */
const SECRET_IN_TEXT =
  /(?<![a-z])(sig|code|AccountKey|SharedAccessKey|x-functions-key)(=|%3D)[^&;\s"'<>\\]+/gi;

/** Bodies are shown up to here. */
const SHOWN_CHARACTERS = 2000;

export const maskText = (text: string): string => text.replaceAll(SECRET_IN_TEXT, `$1$2${MASK}`);

export function masked(value: unknown): unknown {
  if (typeof value === "string") return maskedString(value);
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      SECRET_MEMBERS.has(name.toLowerCase()) ? hidden(member) : masked(member),
    ]),
  );
}

/** Lists stay lists and objects stay objects, so that a recording can be checked against a specification. */
function hidden(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hidden);
  if (typeof value !== "object" || value === null) return MASK;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, hidden(member)]));
}

/** Text that is JSON itself, such as an input in a history, is looked into; it stays as it is written if it hides nothing. */
function maskedString(text: string): string {
  const inner = /^\s*[[{"]/.test(text) ? parsed(text) : undefined;
  if (inner === undefined) return maskText(text);
  if (isNestedTooDeep(inner)) return MASK;
  const safe = JSON.stringify(masked(inner));
  return safe === JSON.stringify(inner) ? text : safe;
}

/** A body for a log: masked, then cut. What cannot be read member by member is not shown if it names a secret. */
export function shownBody(body: Uint8Array | string | undefined): string | undefined {
  if (body === undefined || body.length === 0) return undefined;
  const text = typeof body === "string" ? body : decoded(body);
  if (text === undefined) return `(${body.length} bytes)`;
  const shown = parsed(text) === undefined ? maskedProse(text) : maskedString(text);
  return shown.length > SHOWN_CHARACTERS ? `${shown.slice(0, SHOWN_CHARACTERS)}…` : shown;
}

function maskedProse(text: string): string {
  const names = text.toLowerCase().match(/[\w-]+/g) ?? [];
  return names.some((name) => SECRET_MEMBERS.has(name)) ? MASK : maskText(text);
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** How deep a body may be nested. Whoever walks one by recursion asks first, or a hostile body ends the process. */
const MAX_DEPTH = 64;

/** Goes level by level, so that the question itself does not recurse. */
export function isNestedTooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; depth <= MAX_DEPTH; depth += 1) {
    level = level.flatMap((one) =>
      typeof one === "object" && one !== null ? (Object.values(one) as unknown[]) : [],
    );
    if (level.length === 0) return false;
  }
  return true;
}
