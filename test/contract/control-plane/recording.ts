/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call -- recorded JSON of every kind has no type */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A conversation of a client with a real kube-apiserver, as recorded on the wire. */
export interface Recording {
  readonly scenario: string;
  readonly title: string;
  readonly steps: readonly Step[];
  readonly placeholders: { readonly resourceVersion?: Table; readonly uid?: Table; readonly time?: Table };
}

type Table = Readonly<Record<string, string>>;

export interface Step {
  readonly command?: string;
  readonly client?: string;
  readonly note?: string;
  readonly exchanges: readonly Exchange[];
}

export interface Exchange {
  readonly request: { readonly method: string; readonly path: string; readonly headers: Table; readonly body?: any };
  readonly response: { readonly status: number; readonly headers?: Table; readonly body?: any; readonly events?: readonly any[]; readonly frames?: unknown };
}

const FOLDER = new URL('../../fixtures/apiserver/', import.meta.url).pathname;

/** Every recorded scenario, as `folder/name`. */
export function scenarioNames(): readonly string[] {
  return readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

export function loadRecording(name: string): Recording {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as Recording;
}

/** Objects in a response: itself, list items, watch events. Items get the kind that the list implies. */
export function objectsIn(response: Exchange['response']): readonly any[] {
  if (response.events !== undefined) return response.events.map(eventObject).filter(isApiObject);
  const { body } = response;
  if (Array.isArray(body?.items)) {
    const kind = String(body.kind).replace(/List$/, '');
    return body.items.map((item: any) => ({ kind, apiVersion: body.apiVersion, ...item })).filter(isApiObject);
  }
  if (body?.kind === 'Table') return rowObjects(body);
  return isApiObject(body) ? [body] : [];
}

/** The key under which an object that a Table shows carries its cells, by the names of the columns. */
export const CELLS = Symbol('cells');

/** What a watch event is about, also when it comes as a Table. */
export function eventObject(event: { readonly object?: any }): any {
  return event.object?.kind === 'Table' ? (rowObjects(event.object)[0] ?? event.object) : event.object;
}

/** Later Tables of a watch leave out their columns; those of pods are told by their number. */
function rowObjects(table: any): any[] {
  const columns: string[] = table.columnDefinitions?.map((column: any) => column.name) ?? (table.rows[0]?.cells.length === 9 ? POD_COLUMNS : []);
  const rows: any[] = table.rows.filter((row: any) => isApiObject(row.object));
  return rows.map(({ object, cells }) => ({ ...object, [CELLS]: Object.fromEntries(columns.map((name, index) => [name, cells[index]])) }));
}

const POD_COLUMNS = ['Name', 'Ready', 'Status', 'Restarts', 'Age', 'IP', 'Node', 'Nominated Node', 'Readiness Gates'];

function isApiObject(value: any): boolean {
  return value?.metadata?.uid !== undefined && value.kind !== undefined;
}
