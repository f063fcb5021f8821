/** Looks over the statuses that a kubelet writes, one after the other, and knows only what a later one may say of an earlier. */
import type { Container, ContainerStatus, Pod, PodCondition, PodStatus } from '../../../src/platform/kubernetes-objects.ts';

type Terminated = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>;

interface Told {
  readonly status: PodStatus;
  /** How each run of a container ended, by the id of the run. */
  readonly ends: Map<string, Terminated>;
}

export interface StatusJudge {
  /** What is wrong with the status that a pod has been given, `now` in milliseconds since the epoch. */
  judge(pod: Pod, now: number): readonly string[];
}

export function createStatusJudge(): StatusJudge {
  const told = new Map<string, Told>();
  return {
    judge: (pod, now) => {
      const uid = pod.metadata?.uid ?? '';
      const status = pod.status ?? {};
      const before = told.get(uid);
      const ends = before?.ends ?? new Map<string, Terminated>();
      told.set(uid, { status: structuredClone(status), ends });
      const problems = [...alone(pod, now), ...statusesOf(status).flatMap((container) => ofEnds(container, ends))];
      if (before !== undefined) problems.push(...since(before.status, status), ...stepsOf(before.status, status));
      return problems.map((problem) => `${uid}: ${problem}`);
    },
  };
}

const time = (text: string | undefined): number => Date.parse(text ?? '');

function statusesOf({ initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] }: PodStatus): readonly ContainerStatus[] {
  return [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses];
}

/** What a status says about itself. */
function alone({ metadata, spec, status = {} }: Pod, now: number): string[] {
  const problems: string[] = [];
  const check = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(problem);
  };
  const { phase, conditions = [], observedGeneration = 0, startTime } = status;
  const rejected = phase === 'Failed' && status.containerStatuses === undefined;
  check(observedGeneration <= (metadata?.generation ?? 0), `generation ${String(observedGeneration)} is not yet there`);
  check(time(startTime) <= now, `started at ${String(startTime)}, which is to come`);
  if (!rejected) {
    const named = (list: readonly { readonly name: string }[] = []): string => list.map(({ name }) => name).join();
    const sorted = (list: readonly { readonly name: string }[] = []): string => named([...list].sort((a, b) => (a.name < b.name ? -1 : 1)));
    check(named(status.initContainerStatuses) === named(spec?.initContainers), 'init containers are not those of the spec');
    check(named(status.containerStatuses) === sorted(spec?.containers), 'containers are not those of the spec');
  }
  for (const container of statusesOf(status)) {
    const { name, state = {}, lastState = {}, ready, started, restartCount } = container;
    const { running, terminated } = state;
    check(Object.keys(state).length === 1, `${name} is in ${String(Object.keys(state).length)} states`);
    check(lastState.running === undefined && lastState.waiting === undefined, `${name} had a last state that is no end`);
    // Of a container that has ended for good the runtime may know no run but that.
    check(
      restartCount === 0 || lastState.terminated !== undefined || terminated !== undefined,
      `${name} was restarted ${String(restartCount)} times, and nobody knows after what`,
    );
    check(started !== true || running !== undefined, `${name} is started and does not run`);
    check(!ready || running !== undefined || (isInit(spec?.initContainers, name) && terminated?.exitCode === 0), `${name} is ready and does not run`);
    check(running === undefined || time(running.startedAt) <= now, `${name} runs since a time to come`);
    for (const end of [terminated, lastState.terminated]) {
      if (end === undefined) continue;
      const [from, to] = [time(end.startedAt), time(end.finishedAt)];
      check(Number.isNaN(to) || to <= now, `${name} ended at a time to come`);
      check(Number.isNaN(from) || Number.isNaN(to) || from <= to, `${name} ended before it began`);
      check(end.exitCode !== 0 || end.reason === 'Completed', `${name} ended with 0 for the reason ${String(end.reason)}`);
    }
    const [last, next] = [time(lastState.terminated?.finishedAt), time(running?.startedAt ?? terminated?.startedAt)];
    check(Number.isNaN(last) || Number.isNaN(next) || last <= next, `${name} began before its last run ended`);
  }
  const is = (type: string): boolean => conditions.some((condition) => condition.type === type && condition.status === 'True');
  const over = phase === 'Succeeded' || phase === 'Failed';
  check(!is('Ready') || is('ContainersReady'), 'ready without ready containers');
  check(!is('ContainersReady') || (is('Initialized') && !over), 'containers are ready of a pod that is not initialized, or is over');
  const counted = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? []).filter(({ name }) => isSidecar(spec?.initContainers, name))];
  check(!is('ContainersReady') || counted.every(({ ready }) => ready), 'containers are ready, and one is not');
  const codes = (status.containerStatuses ?? []).map(({ state }) => state?.terminated?.exitCode);
  check(phase !== 'Succeeded' || codes.every((code) => code === 0), `succeeded with ${codes.join()}`);
  check(!over || statusesOf(status).every(({ state }) => state?.running === undefined), `${String(phase)} with a container that runs`);
  for (const { type, lastTransitionTime } of conditions) check(time(lastTransitionTime) <= now, `${type} has moved at a time to come`);
  return problems;
}

/** An end is told once and for all: neither its code nor its times are ever others. */
function ofEnds({ name, state, lastState }: ContainerStatus, ends: Map<string, Terminated>): string[] {
  return [state?.terminated, lastState?.terminated].flatMap((end) => {
    const id = end?.containerID ?? '';
    if (end === undefined || id === '') return [];
    const before = ends.get(id);
    ends.set(id, end);
    const differs = (['exitCode', 'signal', 'reason', 'message', 'startedAt', 'finishedAt'] as const).filter(
      (key) => before !== undefined && before[key] !== end[key],
    );
    return differs.map((key) => `the end of ${name} (${id}) is told anew: ${key} was ${String(before?.[key])}, is ${String(end[key])}`);
  });
}

/** What never goes back. */
function since(before: PodStatus, after: PodStatus): string[] {
  const problems: string[] = [];
  const same = ['startTime', 'qosClass'] as const;
  for (const key of same) if (before[key] !== undefined && before[key] !== after[key]) problems.push(`${key} was ${before[key]}, is ${String(after[key])}`);
  if ((after.observedGeneration ?? 0) < (before.observedGeneration ?? 0)) problems.push('an older generation than before');
  if (isOver(before.phase) && (before.reason !== after.reason || before.message !== after.message)) problems.push('the reason of its end is another one');
  for (const old of before.conditions ?? []) {
    const now = after.conditions?.find(({ type }) => type === old.type);
    if (now === undefined) problems.push(`${old.type} is no longer told`);
    else problems.push(...ofCondition(old, now));
  }
  return problems;
}

function ofCondition(before: PodCondition, after: PodCondition): string[] {
  const [from, to] = [before, after].map(({ lastTransitionTime }) => time(lastTransitionTime));
  const { type } = after;
  if ((after.observedGeneration ?? 0) < (before.observedGeneration ?? 0)) return [`${type} is of an older generation than before`];
  if (before.status === after.status) return from === to ? [] : [`${type} stayed ${after.status} and moved`];
  return (to ?? 0) >= (from ?? 0) ? [] : [`${type} moved before it moved last`];
}

/** From one status of a container to the next. */
function stepsOf(before: PodStatus, after: PodStatus): string[] {
  const olds = new Map(statusesOf(before).map((status) => [status.name, status]));
  return statusesOf(after).flatMap((status) => {
    const old = olds.get(status.name);
    return old === undefined ? [] : ofStep(old, status);
  });
}

function ofStep(old: ContainerStatus, now: ContainerStatus): string[] {
  const problems: string[] = [];
  const { name } = now;
  const [oldId = '', id = ''] = [old.containerID, now.containerID];
  if (now.restartCount < old.restartCount) problems.push(`${name} counts fewer restarts than before`);
  if (oldId !== '' && id === '') problems.push(`${name} has lost its id`);
  if (oldId !== '' && id !== oldId && now.restartCount === old.restartCount) problems.push(`${name} is another container (${oldId}, ${id}) without a restart`);
  if (oldId === id && now.restartCount !== old.restartCount) problems.push(`${name} was restarted and is the same container`);
  if (id === oldId && old.state?.terminated !== undefined && now.state?.running !== undefined) problems.push(`${name} has ended and runs`);
  if (id === oldId && old.state?.running !== undefined && now.state?.running !== undefined && old.state.running.startedAt !== now.state.running.startedAt) {
    problems.push(`${name} began at another time than before`);
  }
  return problems;
}

function isOver(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

function isInit(inits: readonly Container[] | undefined, name: string): boolean {
  return inits?.some((init) => init.name === name) === true;
}

function isSidecar(inits: readonly Container[] | undefined, name: string): boolean {
  return inits?.some((init) => init.name === name && init.restartPolicy === 'Always') === true;
}
