/**
 * Files are replaced in a running VM by a shell of the container's own image, for want of anything else that a VCH reaches
 * them by. The script is always the same; what it is to do, contents included, comes on its standard input, so that no
 * word of the task and no process list ever has a secret. New files are written beside their places first, and moved
 * there once all of them have come whole: each file is replaced at once, and all of them one right after the other.
 */
import { createHash } from 'node:crypto';
import type { DiskUpdate } from './plan-update.ts';

/** The script's exit code when its input was cut: nothing was done. */
export const CUT = 75;

/**
 * POSIX sh, with mkdir, chmod, mv, rm and rmdir; no word of it has a "|", which a VCH cuts. Lines of its input:
 * `f` makes a folder, `t` begins a file, `d` adds to it, `e` ends it and gives its mode; `x` removes a file, `k` a folder if it is
 * empty, `g` makes one, `m` moves a file to its place, all of them at the end; `.` and the number of lines is the end.
 */
export const UPDATE_SCRIPT = `umask 077
set -f
lines=0 begun= todo=
say() { printf '%s\\n' "$1" >&2; exit 1; }
name() { p=$(printf '%bx' "$1"); p=\${p%x}; }
clear() { for t in $begun; do name "$t"; rm -f "$p"; done; }
trap clear 0
folder() { if ! ( umask 022; mkdir -p "$p" ); then say "the folder $p cannot be made"; fi; }
while IFS= read -r line; do
  case $line in
  'd '*) if ! printf '%b' "\${line#d }" >&3; then say "$p cannot be written"; fi ;;
  *)
    set -- $line
    case $1 in
    f) name "$2"; folder ;;
    t) name "$2"; begun="$begun $2"; rm -f "$p"; if ! true >"$p"; then say "$p cannot be made"; fi; exec 3>"$p" ;;
    e) exec 3>&-; if ! chmod "$2" "$p"; then say "the mode of $p cannot be set"; fi ;;
    .) break ;;
    *) todo="$todo $1 $2 \${3:--}" ;;
    esac ;;
  esac
  lines=$((lines + 1))
done
set -- $line
if [ "$1 $2" != ". $lines" ]; then exit ${String(CUT)}; fi
set -- $todo
while [ $# -gt 0 ]; do
  name "$2"
  case $1 in
  x) if ! rm -f "$p"; then say "$p cannot be removed"; fi ;;
  k) rmdir "$p" 2>/dev/null ;;
  g) folder ;;
  m) from=$p; name "$3"
    if [ -d "$p" ]; then say "$p is a folder"; fi
    if ! mv -f "$from" "$p"; then say "$p cannot be replaced"; fi ;;
  esac
  shift 3
done
begun=
exit 0
`;

const CHUNK = 1024;
const NAME_HASH = 12;

/** What the script is to do. Secret. */
export function updateInput({ write, remove, emptied, begun }: DiskUpdate): Buffer {
  const mounts = new Set(write.map(({ mount }) => mount));
  const targets = new Set(write.map(({ entry: { path } }) => path));
  const lines = [
    ...[...mounts].map((mount) => `f ${name(mount)}`),
    ...write.flatMap(({ mount, entry: { path, mode, content } }) => [
      `t ${name(incoming(mount, path))}`,
      ...chunks(content ?? new Uint8Array()).map((chunk) => `d ${escaped(chunk, false)}`),
      `e ${(mode & 0o7777).toString(8)}`,
    ]),
    ...begun.filter(({ path }) => !targets.has(path)).map(({ mount, path }) => `x ${name(incoming(mount, path))}`),
    ...remove.map((path) => `x ${name(path)}`),
    ...emptied.map((path) => `k ${name(path)}`),
    ...[...new Set(write.map(({ entry: { path } }) => path.replace(/\/[^/]*$/, '')))].filter((path) => !mounts.has(path)).map((path) => `g ${name(path)}`),
    ...write.map(({ mount, entry: { path } }) => `m ${name(incoming(mount, path))} ${name(path)}`),
  ];
  return Buffer.from([...lines, `. ${String(lines.length)}`, ''].join('\n'), 'latin1');
}

/** Where a file is until all have come: the same each time, so that what was cut off is found again. */
export function incoming(mount: string, path: string): string {
  return `${mount}/..vick-${createHash('sha256').update(path).digest('hex').slice(0, NAME_HASH)}`;
}

function name(path: string): string {
  return escaped(Buffer.from(`/${path}`), true);
}

/** For printf's %b. Bytes that a shell may take for something else are written as octal numbers. */
function escaped(bytes: Uint8Array, word: boolean): string {
  let text = '';
  for (const byte of bytes) {
    if (byte === 0x5c) text += '\\\\';
    else if (byte === 0x0a) text += '\\n';
    else if (byte > 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else if (byte === 0x20 && !word) text += ' ';
    else text += `\\0${byte.toString(8).padStart(3, '0')}`;
  }
  return text;
}

function chunks(content: Uint8Array): readonly Uint8Array[] {
  const count = Math.ceil(content.byteLength / CHUNK);
  return Array.from({ length: count }, (_, index) => content.subarray(index * CHUNK, (index + 1) * CHUNK));
}
