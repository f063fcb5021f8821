const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** How long ago `then` is, as kubectl prints ages (k8s.io/apimachinery/pkg/util/duration HumanDuration). */
export function age(then: number | undefined, now: number): string {
  if (then === undefined) return '<unknown>';
  const ms = now - then;
  // A clock a little behind the server's is no reason to print nonsense.
  if (ms < -2 * SECOND) return '<invalid>';
  if (ms < 0) return '0s';
  if (ms < 2 * MINUTE) return `${whole(ms, SECOND)}s`;
  if (ms < 10 * MINUTE) return pair(ms, MINUTE, 'm', SECOND, 's');
  if (ms < 3 * HOUR) return `${whole(ms, MINUTE)}m`;
  if (ms < 8 * HOUR) return pair(ms, HOUR, 'h', MINUTE, 'm');
  if (ms < 2 * DAY) return `${whole(ms, HOUR)}h`;
  if (ms < 8 * DAY) return pair(ms, DAY, 'd', HOUR, 'h');
  if (ms < 2 * YEAR) return `${whole(ms, DAY)}d`;
  return ms < 8 * YEAR ? pair(ms, YEAR, 'y', DAY, 'd') : `${whole(ms, YEAR)}y`;
}

function whole(ms: number, unit: number): string {
  return String(Math.floor(ms / unit));
}

function pair(ms: number, big: number, bigName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % big) / small);
  return `${whole(ms, big)}${bigName}${rest === 0 ? '' : `${String(rest)}${smallName}`}`;
}
