/** What the node tells of itself: health, pods, configuration, stats and metrics. */
import type { ServerResponse } from 'node:http';
import { messageOf } from '../../errors/vick-error.ts';
import type { Pod } from '../../platform/kubernetes-objects.ts';
import type { NodeUsage, PodUsage } from '../capabilities.ts';
import type { HandlerContext } from './handlers.ts';
import { HttpError, sendJson, sendMetrics, sendText } from './responses.ts';
import type { RouteName } from './routes.ts';
import { cadvisorMetrics } from './stats/cadvisor-metrics.ts';
import { probeMetrics } from './stats/probe-metrics.ts';
import { resourceMetrics } from './stats/resource-metrics.ts';
import { statsSummary } from './stats/summary.ts';

export interface NodeQuestion {
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
  readonly pods: readonly Pod[];
}

export async function answerNode(
  name: Exclude<RouteName, 'exec' | 'attach' | 'portForward' | 'run' | 'containerLogs' | 'unknown'>,
  { response, query, signal, pods }: NodeQuestion,
  context: HandlerContext,
): Promise<void> {
  switch (name) {
    case 'healthz':
      sendText(response, 200, 'ok');
      return;
    case 'pods':
      sendJson(response, podList(pods));
      return;
    case 'runningPods':
      sendJson(response, podList(await runningPods(context, signal)));
      return;
    case 'configz':
      sendJson(response, { kubeletconfig: context.configuration?.() ?? {} });
      return;
    case 'metrics':
      sendMetrics(response, await context.metrics.text());
      return;
    case 'metricsProbes':
      sendMetrics(response, probeMetrics(context.probeCounts?.() ?? []));
      return;
    case 'metricsCadvisor':
      sendMetrics(response, cadvisorMetrics((await usage(context, signal)).usages, pods));
      return;
    case 'metricsResource': {
      const asked = await usage(context, signal).catch((error: unknown) => {
        context.log.warn('the back end tells no usage', { error: messageOf(error) });
        return undefined;
      });
      sendMetrics(response, resourceMetrics({ node: asked?.node, usages: asked?.usages ?? [], pods, failed: asked === undefined }));
      return;
    }
    case 'statsSummary': {
      const onlyCpuAndMemory = ['true', '1'].includes((query.get('only_cpu_and_memory') ?? '').toLowerCase());
      sendJson(response, statsSummary({ nodeName: context.nodeName, ...(await usage(context, signal)), pods, onlyCpuAndMemory }));
      return;
    }
    case 'nodeLogs':
      throw new HttpError(405, 'logs endpoint is disabled.');
    case 'disabled':
      throw new HttpError(405, 'profiling endpoint is disabled.');
  }
}

async function usage(
  { provider: { stats } }: HandlerContext,
  signal: AbortSignal,
): Promise<{ readonly usages: readonly PodUsage[]; readonly node: NodeUsage | undefined }> {
  if (stats === undefined) throw new HttpError(501, 'the back end of this node measures no usage');
  const [usages, node] = await Promise.all([stats.pods(signal), stats.node?.(signal)]);
  return { usages, node };
}

/** As the back end has them, whatever the API says. */
async function runningPods({ provider }: HandlerContext, signal: AbortSignal): Promise<readonly Pod[]> {
  const found = await provider.list(signal);
  const pods = await Promise.all(
    found.map(async ({ uid, namespace, name }): Promise<readonly Pod[]> => {
      const observed = await provider.status(uid, signal);
      const running = observed?.containers.filter(({ state }) => state.kind === 'running') ?? [];
      if (running.length === 0) return [];
      return [
        {
          metadata: { name, namespace, uid },
          spec: { containers: running.map((container) => ({ name: container.name, image: container.imageID ?? '' })) },
          status: {},
        },
      ];
    }),
  );
  return pods.flat();
}

function podList(items: readonly Pod[]): object {
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
}
