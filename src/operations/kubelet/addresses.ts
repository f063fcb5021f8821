import { VickError } from '../../errors/vick-error.ts';
import type { HostPort } from './settings.ts';

/** Where a value came from, for messages: `--persona-addr`, `$PERSONA_ADDR`, `/etc/vic.yaml: persona-server`. */
export interface Sourced {
  readonly value: string;
  readonly source: string;
}

export interface Address extends HostPort {
  readonly scheme: 'http' | 'https' | undefined;
}

/** `host:port`, `[v6]:port` or `http(s)://host:port`. KUBELET_CONFIG names the source of anything else. */
export function parseAddress({ value, source }: Sourced): Address {
  const match = /^(?:(https?|tcp):\/\/)?(\[[0-9a-fA-F:.]+\]|[^\s:/@[\]]+):(\d{1,5})\/?$/.exec(value.trim());
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) {
    throw new VickError('KUBELET_CONFIG', `${source}: "${value}" is not an address of the form host:port`, {
      hint: 'For example 10.0.0.5:2376, or localhost:2377.',
    });
  }
  const [, scheme, host = ''] = match;
  return { scheme: scheme === 'http' || scheme === 'https' ? scheme : undefined, host: host.replace(/^\[|\]$/g, ''), port };
}

/**
 * The BIOS UUID behind a VMware serial number: `VMware-56 4d 39 5e d8 07 e1 8a-cb 25 b7 9f 65 eb 2b 9f` is
 * `564d395e-d807-e18a-cb25-b79f65eb2b9f`. Undefined for any other serial number.
 */
export function hostUuidFromSerial(serial: string): string | undefined {
  const digits = serial
    .trim()
    .replace(/^VMware-/i, '')
    .replace(/[\s-]/g, '')
    .toLowerCase();
  return /^VMware-/i.test(serial.trim()) && /^[0-9a-f]{32}$/.test(digits) ? digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') : undefined;
}
