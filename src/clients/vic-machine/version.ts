/** `VERSION-BUILD-COMMIT` as vic-machine prints it; VERSION itself contains dashes (vmware/vic pkg/version). */
export interface VicVersion {
  readonly text: string;
  /** `v1.5.0-dev`. */
  readonly release: string;
  readonly build: number | undefined;
  readonly commit: string | undefined;
}

/** Splits from the right: commit, build number, rest. Text that has no such parts is a release alone. */
export function parseVersion(text: string): VicVersion {
  const trimmed = text.trim();
  const found = /^(.+)-(\d+)-([0-9a-f]+)$/i.exec(trimmed);
  if (found === null) return { text: trimmed, release: trimmed, build: undefined, commit: undefined };
  return { text: trimmed, release: found[1] ?? trimmed, build: Number(found[2]), commit: found[3] };
}

/** The version in the answer to `vic-machine version`: `NAME version VERSION-BUILD-COMMIT`. */
export function parseVersionOutput(output: string): VicVersion | undefined {
  const found = /^\S.*? version (\S+)\s*$/m.exec(output);
  return found?.[1] === undefined ? undefined : parseVersion(found[1]);
}
