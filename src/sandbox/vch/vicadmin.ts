/** A small stand-in for the VCH's admin portal: a status page, and the logs of the services. */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import type { FileSystem } from '../../platform/fs.ts';
import type { EndpointVmSettings } from './host.ts';
import { closeServer, listen } from './listen.ts';

export interface VicadminOptions {
  readonly settings: EndpointVmSettings;
  readonly logDirectory: string;
  readonly fs: FileSystem;
  readonly host: string;
  readonly port: number;
  /** Lines for the status page. */
  readonly status: () => readonly (readonly [string, string])[];
}

export interface RunningVicadmin {
  readonly port: number;
  stop(): Promise<void>;
}

const TAIL_LINES = 200;

/** Https with the VCH's certificate; http where the VCH has none. */
export async function startVicadmin(options: VicadminOptions): Promise<RunningVicadmin> {
  const { tls } = options.settings;
  const listener: RequestListener = (request, response) => {
    void page(options, request.url ?? '/').then(
      ({ status, type, text }) => response.writeHead(status, { 'Content-Type': type }).end(text),
      () => response.writeHead(500).end(),
    );
  };
  const server = tls.mode === 'none' ? createServer(listener) : createTlsServer({ cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2' }, listener);
  await listen(server, options.host, options.port);
  return { port: (server.address() as AddressInfo).port, stop: () => closeServer(server) };
}

async function page(options: VicadminOptions, url: string): Promise<{ readonly status: number; readonly type: string; readonly text: string }> {
  const log = /^\/logs\/(tail\/)?([\w.-]+)$/.exec(url.split('?')[0] ?? '');
  if (log !== null) {
    const text = await options.fs.readTextIfExists(join(options.logDirectory, basename(log[2] ?? '')));
    if (text === undefined) return { status: 404, type: 'text/plain', text: 'not found\n' };
    const shown = log[1] === undefined ? text : text.split('\n').slice(-TAIL_LINES).join('\n');
    return { status: 200, type: 'text/plain; charset=utf-8', text: shown };
  }
  if (url !== '/') return { status: 404, type: 'text/plain', text: 'not found\n' };
  const rows = options.status().map(([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`);
  const title = `VCH ${escapeHtml(options.settings.name)}`;
  return {
    status: 200,
    type: 'text/html; charset=utf-8',
    text: `<!DOCTYPE html>\n<title>${title}</title>\n<h1>${title}</h1>\n<table>${rows.join('')}</table>\n`,
  };
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
