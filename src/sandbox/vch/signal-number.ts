import { constants } from 'node:os';

/** Of `TERM`, `SIGTERM`, `15`; undefined for a name that is none. */
export function signalNumber(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  const upper = name.toUpperCase();
  return (constants.signals as Record<string, number | undefined>)[upper.startsWith('SIG') ? upper : `SIG${upper}`];
}
