/** The `path` of a blob trigger: a container, then a pattern of literal text and `{name}` parts. */
export interface BlobPath {
  readonly container: string;
  /** What every matching name begins with. */
  readonly prefix: string;
  match(blobName: string): Record<string, string> | undefined;
}

export function parseBlobPath(path: string, where: string): BlobPath {
  const [container = "", ...rest] = path.replace(/^\//, "").split("/");
  if (container === "" || container.includes("{")) {
    throw new Error(`${where}: the blob path "${path}" must begin with the name of a container.`);
  }
  const pattern = rest.join("/");
  const names: string[] = [];
  const source = pattern
    .split(/(\{[^{}]+\})/)
    .map((part) => {
      if (!part.startsWith("{")) return part.replace(/[.+^$()|[\]\\*?{}]/g, "\\$&");
      names.push(part.slice(1, -1));
      return "(.+)";
    })
    .join("");
  const matcher = pattern === "" ? /^/ : new RegExp(`^${source}$`, "s");
  return {
    container,
    prefix: pattern.split("{", 1)[0] ?? "",
    match(blobName) {
      const found = matcher.exec(blobName);
      if (found === null) return undefined;
      return Object.fromEntries(names.map((name, index) => [name, found[index + 1] ?? ""]));
    },
  };
}
