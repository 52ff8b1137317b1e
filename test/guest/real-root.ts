/**
 * A root with the real waagent, cloud-init and shadow tools in it, if somebody offers one: GUEST_ROOT names a folder that
 * debootstrap (or the like) made; docs/generalization.md has the commands. Each test works on a copy of its own, in a
 * chroot with mounts and processes of its own; only what would reach the machine itself is a stand-in.
 */
import { execFile, execFileSync } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import type { Files, GuestRoot } from "./guest-root.js";
import { guestScript } from "../../src/source-file.js";
import { standIns } from "./stand-ins.js";

export const offeredRoot = process.env["GUEST_ROOT"];

/** systemd does not run in a chroot, the disk is not ours to trim, and nobody waits for a courtesy. */
const standInNames = [
  "systemctl",
  "poweroff",
  "sleep",
  "sync",
  "fstrim",
  "journalctl",
  "loginctl",
  "swapoff",
];
const PATH = "/run/guest/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const IN_SANDBOX =
  'mount -t proc proc "$1/proc" && mount --bind /dev "$1/dev" && mount --bind "$2" "$1/run" && r="$1" && shift 2 && exec chroot "$r" "$@"';
const LARGE_BYTES = 64 * 1024;

export function copyRealRoot(
  lower: string,
  files: Files,
  commands: readonly string[],
): Pick<GuestRoot, "path" | "run" | "files" | "calls" | "restart" | "remove"> {
  const base = mkdtempSync(join(tmpdir(), "vmimage-real-"));
  const path = join(base, "root");
  const run = join(base, "run");
  const calls = join(run, "guest/calls.log");
  mkdirSync(join(run, "guest/bin"), { recursive: true });
  mkdirSync(join(run, "systemd/system"), { recursive: true });
  writeFileSync(calls, "");
  execFileSync("cp", ["-a", "--reflink=auto", lower, path]);

  const inside = (...command: string[]): readonly [string, string[]] => [
    "unshare",
    [..."--mount --pid --fork --kill-child sh -c".split(" "), IN_SANDBOX, "sh", path, run, ...command],
  ];
  const environment = { PATH, CALLS: "/run/guest/calls.log", LANG: "C.UTF-8", PYTHONDONTWRITEBYTECODE: "1" };

  const addUser = ({ name, uid, home }: Account) =>
    execFileSync(...inside("useradd", "--uid", uid, "--home-dir", home, name), { env: environment });
  for (const [name, content] of Object.entries(files)) {
    const file = join(path, name);
    mkdirSync(dirname(file), { recursive: true });
    if (name !== "etc/passwd") rmSync(file, { force: true });
    if (typeof content !== "string") symlinkSync(content.to, file);
    // The root has accounts of its own; those of the test come besides.
    else if (name !== "etc/passwd") writeFileSync(file, content);
    else for (const account of accountsIn(content)) addUser(account);
  }
  const stand = (name: string, body: string) => {
    writeFileSync(
      join(run, "guest/bin", name),
      `#!/bin/sh\nprintf '%s\\n' "${name} $*" >>"$CALLS"\n${body}\n`,
    );
    chmodSync(join(run, "guest/bin", name), 0o755);
  };
  for (const name of [...standInNames, ...commands]) stand(name, standIns[name] ?? "");
  stand("systemd-run", 'while [ "${1#-}" != "$1" ]; do shift; done\n"$@"\nexit 0');

  return {
    path,
    calls: () => readFileSync(calls, "utf8").split("\n").filter(Boolean),
    files: () => filesBelow(path),
    restart: () => rmSync(join(run, "vmimage-seal"), { recursive: true, force: true }),
    remove: () => rmSync(base, { recursive: true, force: true }),
    async run(script, parameters = {}) {
      writeFileSync(join(run, `guest/${script}.sh`), guestScript("linux", `${script}.sh`));
      const [command, args] = inside("/bin/sh", `/run/guest/${script}.sh`);
      const { stdout, stderr } = await promisify(execFile)(command, args, {
        env: { ...environment, ...parameters },
      });
      const last = stdout.trimEnd().split("\n").at(-1) ?? "";
      return { stdout, stderr, result: JSON.parse(last) as Record<string, unknown> };
    },
  };
}

interface Account {
  readonly name: string;
  readonly uid: string;
  readonly home: string;
}

/** Without those that every Linux has. */
const accountsIn = (passwd: string): Account[] =>
  passwd
    .split("\n")
    .map((line) => line.split(":"))
    .map(([name = "", , uid = "", , , home = ""]) => ({ name, uid, home }))
    .filter(({ uid }) => Number(uid) > 100);

/** Text of small files, size and time of large ones and of programs: a root has hundreds of megabytes. */
function filesBelow(root: string): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (folder: string) => {
    for (const name of readdirSync(folder)) {
      const file = join(folder, name);
      const key = relative(root, file);
      if (["run", "proc", "dev", "sys"].includes(key)) continue;
      const kind = lstatSync(file);
      if (kind.isSymbolicLink()) found[key] = `-> ${readlinkSync(file)}`;
      else if (kind.isDirectory()) visit(file);
      else if (kind.isFile())
        found[key] =
          kind.size > LARGE_BYTES || key.startsWith("usr/")
            ? `${kind.size} bytes of ${kind.mtimeMs}`
            : readFileSync(file, "latin1");
    }
  };
  visit(root);
  return found;
}
