/** Which containers a list shows (vmware/vic lib/apiservers/engine/backends/filter/container.go). */
import type { PortLayerState } from '../port-layer/state.ts';
import type { Vm } from '../port-layer/vm.ts';
import { containerState } from './container-state.ts';
import { dockerLabels, findContainer, statusOf } from './containers.ts';
import { DockerError, guessedStatus } from './errors.ts';
import { Filters } from './filters.ts';
import { formBoolean, formInteger } from './form-values.ts';

const KNOWN = new Set(['ancestor', 'before', 'exited', 'health', 'id', 'is-task', 'isolation', 'label', 'name', 'network', 'since', 'status', 'volume']);
const UNSUPPORTED = ['ancestor', 'health', 'isolation', 'is-task'];
const STATES = new Set(['paused', 'restarting', 'removing', 'running', 'dead', 'created', 'exited']);

/** Throws for what cannot be asked: nearly always 500. */
export function chosenContainers(state: PortLayerState, query: URLSearchParams): readonly Vm[] {
  const filters = Filters.parse(query.get('filters'));
  const limit = (query.get('limit') ?? '') === '' ? 0 : formInteger(query, 'limit');
  filters.allowOnly(KNOWN);
  const unsupported = UNSUPPORTED.find((name) => filters.values(name).length > 0);
  if (unsupported !== undefined) throw new DockerError(500, `filter ${unsupported} is not currently supported by vic`);
  const exitCodes = filters.values('exited').map((code) => formInteger(new URLSearchParams({ code }), 'code'));
  const wrong = filters.values('status').find((one) => !STATES.has(one));
  if (wrong !== undefined) throw new DockerError(500, `Unrecognised filter value for status: ${wrong}`);
  const all = formBoolean(query, 'all') || limit > 0 || filters.values('status').length > 0;
  const shown = between(state, filters).filter((vm) => (all || vm.state === 'Running') && matches(state, vm, filters, exitCodes));
  return limit > 0 ? shown.slice(0, limit) : shown;
}

/** Those made before one container, and since another; both excluded. */
function between(state: PortLayerState, filters: Filters): readonly Vm[] {
  const [before, since] = ['before', 'since'].map((name) =>
    filters
      .values(name)
      .map((wanted) => idOf(state, wanted))
      .at(-1),
  );
  const vms = state.containers.list();
  const start = before === undefined ? 0 : vms.findIndex(({ id }) => id === before) + 1;
  const end = since === undefined ? vms.length : vms.findIndex(({ id }) => id === since);
  return vms.slice(start, Math.max(start, end));
}

function idOf(state: PortLayerState, wanted: string): string {
  try {
    return findContainer(state, wanted).id;
  } catch (error) {
    throw error instanceof DockerError ? guessedStatus(error.message) : error;
  }
}

function matches(state: PortLayerState, vm: Vm, filters: Filters, exitCodes: readonly number[]): boolean {
  const ended = vm.everStarted && vm.state !== 'Running';
  const oneOf = (name: string, texts: readonly string[]): boolean => !filters.has(name) || filters.values(name).some((value) => texts.includes(value));
  return (
    filters.labels('label', dockerLabels(vm)) &&
    filters.pattern('id', vm.id) &&
    filters.pattern('name', vm.config.name) &&
    (exitCodes.length === 0 || (ended && exitCodes.includes(containerState(state, vm).exitCode))) &&
    filters.pattern('status', statusOf(vm)) &&
    oneOf(
      'network',
      vm.config.endpoints.map(({ scope }) => scope),
    ) &&
    oneOf(
      'volume',
      vm.config.mounts.map(({ volume }) => volume),
    )
  );
}
