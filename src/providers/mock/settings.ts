/** Reads the settings of a pod, checked: a mistake in one is an error, and never ignored. Pure but for the draw of delays. */
import { isIP } from 'node:net';
import type { Pod } from '../../platform/kubernetes-objects.ts';
import { canonicalQuantity, parseQuantity, quantityMilliValue, quantityValue } from '../../platform/quantity.ts';
import type { ProviderFailureReason } from '../../kubelet/provider.ts';
import { DOMAIN, FORMS, MOCK_ANNOTATIONS, type Setting } from './annotations.ts';

/** A range of milliseconds; both ends are the same for a fixed delay. */
export interface Delay {
  readonly fromMs: number;
  readonly toMs: number;
}

interface StartError {
  readonly reason: ProviderFailureReason;
  readonly message: string;
}

/** Absent: as if the setting did not exist. */
export interface MockSettings {
  readonly ip?: string;
  readonly 'create-delay'?: Delay;
  readonly 'create-error'?: string;
  readonly 'create-error-times'?: number;
  readonly 'lost-after'?: Delay;
  readonly 'start-delay'?: Delay;
  readonly 'start-error'?: StartError;
  readonly 'start-error-times'?: number;
  readonly 'exit-after'?: Delay;
  readonly 'exit-code'?: number;
  readonly 'exit-reason'?: string;
  readonly 'exit-message'?: string;
  readonly 'exit-times'?: number;
  /** Infinite: it never ends by itself. */
  readonly 'stop-delay'?: Delay;
  readonly 'stop-exit-code'?: number;
  readonly 'unhealthy-until'?: Delay;
  readonly 'unhealthy-after'?: Delay;
  readonly logs?: string;
  readonly 'log-every'?: Delay;
  readonly 'exec-output'?: string;
  readonly 'exec-exit-code'?: number;
  /** Milli-cores. */
  readonly cpu?: number;
  /** Bytes. */
  readonly memory?: number;
}

/** The message tells which annotation is wrong, and how. */
export class SettingError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SettingError';
  }
}

const START_REASONS: ReadonlySet<string> = new Set<ProviderFailureReason>([
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);
const OF_PODS: ReadonlySet<string> = new Set(MOCK_ANNOTATIONS.filter((entry) => entry.of === 'pod').map(({ setting }) => setting));
/** Init containers end by themselves: what the whole pod says of exits is about the others. */
const OF_MAIN_ONLY: ReadonlySet<string> = new Set(['exit-after', 'exit-code', 'exit-reason', 'exit-message', 'exit-times']);

export interface PodSettings {
  readonly pod: MockSettings;
  of(container: string): MockSettings;
}

const NONE: MockSettings = {};

/**
 * The settings in a pod's annotations, over `defaults` for every container. Throws SettingError for a value or a
 * setting that there is not, and for a container that the pod does not have.
 */
export function podSettings(pod: Pod, defaults: MockSettings = NONE): PodSettings {
  const annotations = Object.entries(pod.metadata?.annotations ?? {}).filter(([key]) => isOurs(key));
  if (annotations.length === 0) return { pod: defaults, of: (name) => (isInit(pod, name) ? withoutExits(defaults) : defaults) };
  let common: MockSettings = { ...defaults };
  const single = new Map<string, MockSettings>();
  for (const [key, value] of annotations) {
    const { setting, container } = parseKey(key);
    const parsed = { [setting]: parseSetting(setting, value, key) };
    if (container === undefined) {
      common = { ...common, ...parsed };
      continue;
    }
    if (!hasContainer(pod, container)) throw new SettingError(`annotation ${key}: the pod has no container ${container}`);
    single.set(container, { ...single.get(container), ...parsed });
  }
  return { pod: common, of: (name) => ({ ...(isInit(pod, name) ? withoutExits(common) : common), ...single.get(name) }) };
}

/** One setting from its text; `source` says in messages where it was said. */
export function parseSetting(setting: Setting, text: string, source: string): MockSettings[Setting] {
  const wrong = (what: string): SettingError => new SettingError(`${source}: "${text}" is not ${what}`);
  switch (FORMS[setting]) {
    case 'text':
      return text;
    case 'address':
      if (isIP(text) === 0) throw wrong('an IP address');
      return text;
    case 'count':
      if (!/^\d{1,6}$/.test(text)) throw wrong('a count');
      return Number(text);
    case 'code':
      if (!/^\d{1,3}$/.test(text) || Number(text) > 255) throw wrong('an exit code (0 to 255)');
      return Number(text);
    case 'stop':
      if (text === 'never') return { fromMs: Number.POSITIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };
      return delay(text, wrong);
    case 'delay':
      return delay(text, wrong);
    case 'quantity':
      if (canonicalQuantity(text) === undefined) throw wrong('a quantity');
      return setting === 'cpu' ? quantityMilliValue(parseQuantity(text)) : quantityValue(parseQuantity(text));
    case 'failure': {
      const [, reason = '', message = ''] = /^(\w+)(?::\s*(.*))?$/s.exec(text) ?? [];
      if (!START_REASONS.has(reason)) throw wrong(`a reason to fail with (${[...START_REASONS].join(', ')}), with ": message" after it`);
      return { reason: reason as ProviderFailureReason, message: message === '' ? 'as the annotation says' : message };
    }
  }
}

/** Whether there is a setting of this name. */
export function isSetting(name: string): name is Setting {
  return Object.hasOwn(FORMS, name);
}

/** Milliseconds of a draw from a delay. */
export function draw(range: Delay | undefined, fraction: () => number): number {
  if (range === undefined) return 0;
  return range.fromMs === range.toMs ? range.fromMs : Math.round(range.fromMs + (range.toMs - range.fromMs) * fraction());
}

function isOurs(key: string): boolean {
  const [prefix = ''] = key.split('/');
  return prefix === DOMAIN || prefix.endsWith(`.${DOMAIN}`);
}

function parseKey(key: string): { readonly setting: Setting; readonly container: string | undefined } {
  const [prefix = '', name = ''] = key.split('/');
  const container = prefix === DOMAIN ? undefined : name;
  const setting = prefix === DOMAIN ? name : prefix.slice(0, -DOMAIN.length - 1);
  if (!isSetting(setting)) throw new SettingError(`annotation ${key}: there is no setting "${setting}"; settings: ${Object.keys(FORMS).join(', ')}`);
  if (container !== undefined && OF_PODS.has(setting)) throw new SettingError(`annotation ${key}: ${setting} is of a pod, not of a container`);
  return { setting, container };
}

/** Go durations, `1m30s`, and two of them with `..` between for a draw. */
function delay(text: string, wrong: (what: string) => SettingError): Delay {
  const [from = '', to, ...rest] = text.split('..');
  const [fromMs, toMs] = [milliseconds(from), milliseconds(to ?? from)];
  if (rest.length > 0 || fromMs === undefined || toMs === undefined || fromMs > toMs) throw wrong('a delay (500ms, 2s, 1m30s, or 2s..5s)');
  return { fromMs, toMs };
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function milliseconds(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  return Math.round([...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)].reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0), 0));
}

function withoutExits(settings: MockSettings): MockSettings {
  return Object.fromEntries(Object.entries(settings).filter(([setting]) => !OF_MAIN_ONLY.has(setting)));
}

function isInit(pod: Pod, name: string): boolean {
  return pod.spec?.initContainers?.some((container) => container.name === name) === true;
}

function hasContainer({ spec }: Pod, name: string): boolean {
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])].some((container) => container.name === name);
}
