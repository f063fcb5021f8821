/** What the guest agent of a container VM says of a program that cannot be started, made of what an engine says. */

/** The runtime's own words come last, after those of everybody who passed them on (opencontainers/runc libcontainer). */
export function launchText(path: string, said: string): string {
  if (/executable file (?:`[^`]*` )?not found in \$PATH/i.test(said)) return `exec: "${path}": executable file not found in $PATH`;
  const known = [
    /exec format error/i,
    /permission denied/i,
    /no such file or directory/i,
    /not a directory/i,
    /argument list too long/i,
    /operation not permitted/i,
  ];
  const found = known.map((text) => text.exec(said)?.[0].toLowerCase()).find((text) => text !== undefined);
  // os/exec calls a folder no permission; so does the guest agent.
  if (/is a directory/i.test(said)) return 'permission denied';
  return (
    found ??
    said
      .replace(/^.*OCI runtime \w+ failed: /s, '')
      .replace(/: unknown$/, '')
      .trim()
  );
}
