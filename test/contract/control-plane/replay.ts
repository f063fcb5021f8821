/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-argument -- recorded JSON of every kind has no type */
import { systemClock } from '../../../src/platform/node/clock.ts';
import { systemRandom } from '../../../src/platform/node/random.ts';
import { omit } from '../../../src/sandbox/control-plane/json.ts';
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from '../../../src/sandbox/control-plane/server.ts';
import type { ApiResponse } from '../../support/control-plane-client.ts';
import { Correspondence, differences, stateOf } from './compare.ts';
import { eventObject, type Exchange, type Recording, type Step } from './recording.ts';
import { isOutside, World } from './world.ts';

/** What one exchange came to. */
export interface Outcome {
  /** `step 3: PATCH /api/…`, with the step's command or note. */
  readonly label: string;
  /** The position: `<step>.<exchange>`. */
  readonly at: string;
  /** 'same', 'different', or 'not served' (a 501 to what discovery does not announce, or announces as not implemented). */
  readonly verdict: 'same' | 'different' | 'not served';
  readonly differences: readonly string[];
}

const COMPARED_HEADERS = ['content-type', 'cache-control', 'warning', 'x-content-type-options'];

const ANSWER_LIMIT_MS = 20_000;

/** Replays a recording against a fresh control plane and says, exchange by exchange, where the answers differ. */
export async function replay(recording: Recording, options: Pick<ControlPlaneOptions, 'definitions' | 'discovery'>): Promise<readonly Outcome[]> {
  const plane = await startControlPlane({ clock: systemClock, random: systemRandom, ...options });
  try {
    const admin = await plane.issueClientCertificate({ user: 'kubernetes-admin', groups: ['system:masters'] });
    const known = new Correspondence(Object.keys(recording.placeholders.uid ?? {}));
    const world = new World(plane, admin, options.definitions, recording, known);
    await world.populate();
    const outcomes: Outcome[] = [];
    for (const [stepIndex, step] of recording.steps.entries()) {
      for (const [index, exchange] of step.exchanges.entries()) {
        const { verdict, differences: found } = await answered(replayExchange(plane, admin, world, known, step, exchange));
        const label = `step ${stepIndex} (${step.command ?? step.note ?? 'raw'}): ${exchange.request.method} ${exchange.request.path}`;
        await world.tidy();
        outcomes.push({ label, at: `${stepIndex}.${index}`, verdict, differences: found });
      }
    }
    return outcomes;
  } finally {
    await plane.stop();
  }
}

/** No exchange of a recording takes long; one that hangs is a difference, not the end of the replay. */
async function answered(verdict: Promise<Verdict>): Promise<Verdict> {
  const ending = new AbortController();
  const late = systemClock.sleep(ANSWER_LIMIT_MS, ending.signal).then(
    (): Verdict => ({ verdict: 'different', differences: [`no answer within ${ANSWER_LIMIT_MS} ms`] }),
    (): Verdict => judged([]),
  );
  const first = await Promise.race([verdict, late]);
  ending.abort();
  return first;
}

type Verdict = Pick<Outcome, 'verdict' | 'differences'>;

async function replayExchange(
  plane: ControlPlane,
  admin: { certificate: string; key: string },
  world: World,
  known: Correspondence,
  step: Step,
  exchange: Exchange,
): Promise<Verdict> {
  try {
    await world.prepare(exchange);
  } catch (error) {
    return { verdict: 'different', differences: [`set-up: ${(error as Error).message}`] };
  }
  const { method, headers, body } = exchange.request;
  const path = translatePath(exchange.request.path, known);
  const identity = step.note?.includes('anonymous') === true || headers['Authorization'] !== undefined ? undefined : admin;
  const call = {
    method,
    headers: requestHeaders(headers, known, exchange.response.status),
    ...(body === undefined ? {} : { body: requestBody(body, known) }),
    identity,
  } as Parameters<typeof world.call>[1];
  if (exchange.response.events !== undefined && exchange.response.status === 200) return replayWatch(world, known, exchange, path, call);
  const answer = await world.call(path, call);
  if (answer.status === 501 && answer.body?.kind === 'Status' && !world.serves(path)) return { verdict: 'not served', differences: [] };
  return judged([...headDifferences(exchange, answer), ...bodyDifferences(exchange, answer, known)]);
}

/** Opens the watch, causes the events that others caused, and compares what arrives. */
async function replayWatch(world: World, known: Correspondence, exchange: Exchange, path: string, call: Parameters<World['call']>[1]): Promise<Verdict> {
  const expected = exchange.response.events ?? [];
  const ending = new AbortController();
  let text = '';
  let head: Pick<ApiResponse, 'status' | 'headers'> = { status: 0, headers: {} };
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const streaming = world
    .call(path, {
      ...call,
      signal: ending.signal,
      onHead: (received) => {
        head = received;
        open();
      },
      onText: (all) => (text = all),
    })
    .catch(() => undefined);
  await Promise.race([opened, streaming]);
  await settled(world);
  for (const event of expected) {
    const { metadata } = eventObject(event) ?? {};
    const isNew = metadata?.uid !== undefined && !known.seen.has(stateOf({ metadata }));
    if (isNew && lines(text).length <= expected.indexOf(event)) await world.cause(event, path);
    await settled(world);
  }
  ending.abort();
  await streaming;
  const received = lines(text);
  if (head.status === 501 && !world.serves(path)) return { verdict: 'not served', differences: [] };
  return judged([...headDifferences(exchange, { ...head, text, body: undefined }), ...differences(expected, received, known)]);
}

/**
 * Waits until what the control plane has sent so far is here. It runs in this process and writes to watches before it answers the
 * request that caused an event, so a few round trips over new connections come after it, however busy the machine is.
 */
async function settled(world: World): Promise<void> {
  for (let trip = 0; trip < 3; trip += 1) await world.call('/readyz');
}

function lines(text: string): any[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as unknown);
}

function headDifferences(exchange: Exchange, answer: ApiResponse): string[] {
  const found =
    exchange.response.status === answer.status ? [] : [`status: ${exchange.response.status} recorded, ${answer.status} ours: ${answer.text.slice(0, 300)}`];
  if (found.length > 0) return found;
  for (const [name, value] of Object.entries(exchange.response.headers ?? {})) {
    const ours = answer.headers[name.toLowerCase()];
    if (COMPARED_HEADERS.includes(name.toLowerCase()) && !String(ours).includes(value)) found.push(`header ${name}: ${value} recorded, ${String(ours)} ours`);
  }
  return found;
}

function bodyDifferences(exchange: Exchange, answer: ApiResponse, known: Correspondence): readonly string[] {
  const { body } = exchange.response;
  if (body === undefined || body.$elided !== undefined || body.$hex !== undefined || exchange.response.status !== answer.status) return [];
  if (body.$text !== undefined) return answer.headers['content-type']?.includes('yaml') === true ? [] : differences(body.$text, answer.text, known);
  return differences(body, answer.body, known);
}

function judged(found: readonly string[]): Verdict {
  return { verdict: found.length === 0 ? 'same' : 'different', differences: found };
}

/** resourceVersions in the query stand for ours; those from before the recording, and from its far future, stay. */
function translatePath(path: string, known: Correspondence): string {
  const continued = known.translate(path).replace(/([?&]continue=)([^&]+)/, (_whole, name: string, token: string) => name + translateToken(token, known));
  return continued.replace(/([?&]resourceVersion=)(\d+)/, (whole: string, name: string, version: string) => {
    if (isOutside(Number(version))) return whole;
    return name + (known.version(version) ?? known.start);
  });
}

/** A continue token with our revision in place of the recorded one. */
function translateToken(token: string, known: Correspondence): string {
  const decoded = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as { rv: number };
  const rv = isOutside(decoded.rv) ? decoded.rv : Number(known.version(String(decoded.rv)) ?? known.start);
  return Buffer.from(JSON.stringify({ ...decoded, rv })).toString('base64url');
}

function requestHeaders(headers: Readonly<Record<string, string>>, known: Correspondence, status: number): Record<string, string> {
  const authorization = headers['Authorization'];
  const rest = omit(headers, 'Accept-Encoding', 'Authorization');
  if (authorization === undefined) return rest;
  const token = status === 401 ? 'not-a-token' : ([...known.tokens.values()][0] ?? 'not-a-token');
  return { ...rest, Authorization: `Bearer ${token}` };
}

/** Uids and revisions inside protobuf, where ours are as long as the recorded ones (lengths are part of the encoding). */
function protobufBody(body: Buffer, known: Correspondence): Buffer {
  let text = body.toString('latin1');
  for (const [recorded, ours] of known.uids) if (recorded.length === ours.length) text = text.replaceAll(recorded, ours);
  for (const [recorded, ours] of known.versions) {
    // Field 6 of ObjectMeta.
    const field = `2${String.fromCharCode(recorded.length)}`;
    if (recorded.length === ours.length) text = text.replaceAll(`${field}${recorded}`, `${field}${ours}`);
  }
  return Buffer.from(text, 'latin1');
}

function requestBody(body: any, known: Correspondence): string | Buffer {
  if (body?.$hex !== undefined) return protobufBody(Buffer.from(body.$hex as string, 'hex'), known);
  if (body?.$text !== undefined) return known.translate(body.$text as string);
  const text = known.translate(JSON.stringify(body));
  return text.replace(/("resourceVersion":)"(\d+)"/g, (whole, name: string, version: string) =>
    known.versions.has(version) ? `${name}"${known.versions.get(version) ?? ''}"` : whole,
  );
}
