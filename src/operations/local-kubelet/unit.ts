/** A systemd service for `vick kubelet run` (systemd.service(5), systemd.unit(5), systemd.exec(5)). */

export interface UnitRequest {
  readonly nodeName: string;
  /** argv of `vick kubelet run` with all its flags; absolute paths. */
  readonly argv: readonly string[];
  readonly user: string | undefined;
  /** Non-secret variables that the flags do not cover. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Logs go to the journal: the kubelet writes them to stderr. */
export function unitText({ nodeName, argv, user, environment }: UnitRequest): string {
  const variables = Object.entries(environment).map(([name, value]) => `Environment=${quoteAssignment(`${name}=${value}`)}`);
  return [
    '[Unit]',
    `Description=vick kubelet of the node ${escapeSpecifiers(nodeName)}`,
    'Wants=network-online.target',
    'After=network-online.target',
    '# It waits for its VCH by itself, and ends only on mistakes in its settings.',
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    'Type=simple',
    `ExecStart=${argv.map(quoteArgument).join(' ')}`,
    ...variables,
    ...(user === undefined ? [] : [`User=${escapeSpecifiers(user)}`]),
    'Restart=always',
    'RestartSec=5',
    '# Pods go on running when the kubelet ends, and are taken over at the next start.',
    'KillMode=mixed',
    'TimeoutStopSec=30',
    'NoNewPrivileges=yes',
    'ProtectSystem=full',
    'PrivateTmp=yes',
    'ProtectKernelTunables=yes',
    'ProtectControlGroups=yes',
    'RestrictSUIDSGID=yes',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}

/** In a command line `$` and `%` mean something, and blanks and quotes part words. */
function quoteArgument(word: string): string {
  const escaped = escapeSpecifiers(word).replaceAll('$', '$$$$');
  if (/^[A-Za-z0-9_@%+=:,./$-]+$/.test(escaped)) return escaped;
  return quoted(escaped);
}

function quoteAssignment(assignment: string): string {
  return quoted(escapeSpecifiers(assignment));
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}"`;
}

function escapeSpecifiers(text: string): string {
  return text.replaceAll('%', '%%');
}
