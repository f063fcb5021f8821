import type { ExitName } from '../../errors/codes.ts';
import { isVickError, messageOf } from '../../errors/vick-error.ts';
import type { Health } from '../../operations/status/health.ts';
import { readStatus, type SiteStatus, type StatusQuestion } from '../../operations/status/site.ts';
import { statusWithoutCluster } from '../../operations/status/without-cluster.ts';
import { askVSphere } from '../../operations/status/vsphere.ts';
import type { Deps } from '../deps.ts';
import { createStyle } from '../render/style.ts';
import type { CommandHandler, CommandInput, Outcome } from '../spec.ts';
import { withKubernetes } from '../with-kubernetes.ts';
import { statusData } from './status-data.ts';
import { serviceHints, vsphereChoice } from './status-input.ts';
import { describeSite } from './status-view.ts';
import { isOn, numberFlag } from './vch-input.ts';

const EXITS: Readonly<Record<Health, ExitName>> = { ok: 'ok', failed: 'failure', degraded: 'partial' };

export const runStatus: CommandHandler = async (input, deps, signal) => {
  const name = (input.args['VCH'] as string | undefined)?.replace(/^vch\//, '');
  const hints = serviceHints(input, name, deps);
  const choice = await vsphereChoice(input, deps);
  const look = async (): Promise<SiteStatus> => {
    const vsphere = await askVSphere(choice, name, deps, signal);
    const question: StatusQuestion = { name: input.args['VCH'] as string | undefined, hints, vsphere, lineUp: isOn(input, 'pods') };
    try {
      return await withKubernetes(deps, input, (api) => readStatus(api, question, deps, signal));
    } catch (error) {
      signal.throwIfAborted();
      if (!isVickError(error) || !UNREACHED.has(error.code)) throw error;
      const rest = await statusWithoutCluster(question, error.message, deps, signal);
      if (rest === undefined) throw error;
      return rest;
    }
  };
  if (!isOn(input, 'watch')) return outcomeOf(await look(), input, deps);
  return watch(look, input, deps, signal);
};

/** The cluster cannot be asked at all; a VCH may be there all the same. */
const UNREACHED: ReadonlySet<string> = new Set(['KUBECONFIG_NOT_FOUND', 'KUBECONFIG_INVALID', 'KUBE_UNREACHABLE', 'KUBE_TLS', 'KUBE_UNAUTHENTICATED']);

function outcomeOf(site: SiteStatus, input: CommandInput, deps: Deps): Outcome {
  return {
    data: statusData(site),
    text: describeSite(site, { now: deps.clock.now(), style: createStyle(deps.streams.stdout.colour), wide: input.output === 'wide' }),
    names: site.nodes.map((node) => `node/${node.name}`),
    exit: EXITS[site.health],
  };
}

/** Home, and erase what is below as the new text is written. */
const REDRAW = '\u001b[H\u001b[J';

/**
 * Looks again and again until it is stopped. On a terminal the screen is drawn anew; in a pipe a look is printed when anything but
 * an age differs from the one before, as one line of JSON with `-o json` and as a YAML document with `-o yaml`.
 */
async function watch(look: () => Promise<SiteStatus>, input: CommandInput, deps: Deps, signal: AbortSignal): Promise<never> {
  const { stdout } = deps.streams;
  let before = '';
  let trouble = '';
  for (;;) {
    const site = await look().catch((error: unknown) => {
      signal.throwIfAborted();
      // What cannot be seen at first is an error; what goes away for a while is waited for.
      if (before === '' || !isVickError(error) || error.family === 'bug') throw error;
      if (messageOf(error) !== trouble) deps.reporter.warn(messageOf(error));
      trouble = messageOf(error);
      return undefined;
    });
    if (site === undefined) {
      await deps.clock.sleep(numberFlag(input, 'interval') ?? 2_000, signal);
      continue;
    }
    trouble = '';
    const outcome = outcomeOf(site, input, deps);
    const fingerprint = JSON.stringify(outcome.data, (key, value: unknown) => (TIMES.has(key) ? undefined : value));
    const human = input.output === 'table' || input.output === 'wide';
    if (human && stdout.isTerminal) stdout.write(`${REDRAW}${outcome.text ?? ''}`);
    else if (fingerprint !== before) stdout.write(await asDocument(outcome, input, before === ''));
    before = fingerprint;
    await deps.clock.sleep(numberFlag(input, 'interval') ?? 2_000, signal);
  }
}

/** What changes while nothing happens. */
const TIMES: ReadonlySet<string> = new Set(['leaseRenewedAt', 'cpuUsageMhz', 'memoryUsageBytes', 'observedAt']);

async function asDocument(outcome: Outcome, input: CommandInput, first: boolean): Promise<string> {
  switch (input.output) {
    case 'json':
      return `${JSON.stringify(outcome.data)}\n`;
    case 'yaml': {
      const { toYaml } = await import('../render/yaml.ts');
      return `${first ? '' : '---\n'}${toYaml(outcome.data)}`;
    }
    case 'name':
      return (outcome.names ?? []).map((name) => `${name}\n`).join('');
    default:
      return `${first ? '' : '\n'}${outcome.text ?? ''}`;
  }
}
