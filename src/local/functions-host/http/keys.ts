/**
 * Function keys, made once per state folder. Like `func start`, the host asks for none unless told to; then levels
 * are those of Azure: anonymous, function (function or master key), admin (master key), and the system key of the
 * durable extension for its webhooks.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { readIfPresent, replaceFile } from "../../state-file.js";
import type { HttpExchange } from "./exchange.js";

export interface Keys {
  readonly master: string;
  readonly function: string;
  readonly durabletask: string;
}

export function readOrMakeKeys(stateDir: string): Keys {
  const path = join(stateDir, "keys.json");
  const text = readIfPresent(path).toString();
  if (text !== "") return JSON.parse(text) as Keys;
  const make = () => randomBytes(32).toString("base64url");
  const keys = { master: make(), function: make(), durabletask: make() };
  replaceFile(path, JSON.stringify(keys, null, 2));
  return keys;
}

export type KeyLevel = "anonymous" | "function" | "admin" | "system";

export function isAuthorized(keys: Keys, level: KeyLevel, { headers, url }: HttpExchange): boolean {
  const offered = headers["x-functions-key"] ?? url.searchParams.get("code") ?? "";
  switch (level) {
    case "anonymous":
      return true;
    case "function":
      return same(offered, keys.function) || same(offered, keys.master);
    case "system":
      return same(offered, keys.durabletask) || same(offered, keys.master);
    case "admin":
      return same(offered, keys.master);
  }
}

function same(offered: string, key: string): boolean {
  const [a, b] = [Buffer.from(offered), Buffer.from(key)];
  return a.length === b.length && timingSafeEqual(a, b);
}
