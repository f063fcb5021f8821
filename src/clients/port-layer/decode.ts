import type { ContainerInfo, ContainerState, Endpoint, PortLayerEvent, Scope, StatsSample, TaskInfo, VchInfo } from './port.ts';

/** JSON objects as they arrive; the server leaves zero values out, so everything may be missing. */
type Wire = Readonly<Record<string, unknown>>;

export function decodeVchInfo(body: unknown): VchInfo {
  const wire = object(body);
  return {
    cpuMhz: number(wire['cpuMhz']),
    memoryMiB: number(wire['memory']),
    cpuUsageMhz: number(wire['cpuUsage']),
    memoryUsageBytes: number(wire['memUsage']),
    hostProductName: string(wire['hostProductName']),
    hostOs: string(wire['hostOS']),
    hostOsVersion: string(wire['hostOSVersion']),
  };
}

export function decodeContainerInfo(body: unknown): ContainerInfo {
  const wire = object(body);
  const config = object(wire['containerConfig']);
  const process = object(wire['processConfig']);
  return {
    id: string(config['containerId']),
    name: strings(config['names'])[0] ?? '',
    state: string(config['state']) as ContainerState,
    createdAt: Math.floor(number(config['createTime']) / 1e6),
    annotations: texts(config['annotations']),
    layerId: string(config['layerId']),
    imageId: string(config['imageId']),
    repoName: string(config['repoName']),
    tty: config['tty'] === true,
    openStdin: config['openStdin'] === true,
    process: {
      path: string(process['execPath']),
      args: strings(process['execArgs']),
      env: strings(process['env']),
      workingDir: string(process['workingDir']),
      user: string(process['user']),
      status: string(process['status']),
      exitCode: number(process['exitCode']),
      startedAt: number(process['startTime']) * 1000,
      stoppedAt: number(process['stopTime']) * 1000,
      errorMessage: string(process['errorMsg']),
    },
    endpoints: decodeEndpoints(wire['endpoints']),
  };
}

export function decodeEndpoints(value: unknown): readonly Endpoint[] {
  return array(value).map((item) => {
    const wire = object(item);
    return { scope: string(wire['scope']), address: string(wire['address']), gateway: string(wire['gateway']), ports: strings(wire['ports']) };
  });
}

export function decodeScope(value: unknown): Scope {
  const wire = object(value);
  return {
    id: string(wire['id']),
    name: string(wire['name']),
    type: string(wire['scopeType']),
    subnet: string(wire['subnet']),
    gateway: string(wire['gateway']),
    endpoints: decodeEndpoints(wire['endpoints']),
  };
}

export function decodeTask(body: unknown): TaskInfo {
  const wire = object(body);
  return {
    id: string(wire['id']),
    state: string(wire['state']),
    exitCode: number(wire['exitCode']),
    errorMessage: string(object(wire['processConfig'])['errorMsg']),
  };
}

/** Undefined for a line that is no event. */
export function decodeEvent(line: string): PortLayerEvent | undefined {
  try {
    const wire = object(JSON.parse(line));
    const event = string(wire['Event']);
    return event === '' ? undefined : { event, ref: string(wire['Ref']) };
  } catch {
    return undefined;
  }
}

/** Undefined for a line that is no sample. */
export function decodeStats(line: string): StatsSample | undefined {
  let wire: Wire;
  try {
    wire = object(JSON.parse(line));
  } catch {
    return undefined;
  }
  const time = Date.parse(string(wire['SampleTime']));
  if (Number.isNaN(time)) return undefined;
  return {
    time,
    intervalSeconds: number(wire['Interval']),
    cpuMhz: array(object(wire['CPU'])['CPUs']).reduce((sum: number, cpu) => sum + number(object(cpu)['MhzUsage']), 0),
    // The counter is in KiB, whatever its description says.
    activeMemoryBytes: number(object(wire['Memory'])['Active']) * 1024,
    networks: array(wire['Networks']).map((item) => {
      const [rx, tx] = [object(object(item)['Rx']), object(object(item)['Tx'])];
      return {
        ...{ name: string(object(item)['Name']), rxBytes: number(rx['Bytes']), rxErrors: number(rx['Errors']) },
        ...{ txBytes: number(tx['Bytes']), txErrors: number(tx['Errors']) },
      };
    }),
  };
}

export function object(value: unknown): Wire {
  return typeof value === 'object' && value !== null ? (value as Wire) : {};
}

export function array(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

export function string(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function strings(value: unknown): readonly string[] {
  return array(value).filter((item) => typeof item === 'string');
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function texts(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(object(value)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
