import type { EngineImage, EngineInfo, EngineVersion } from './port.ts';

type Wire = Readonly<Record<string, unknown>>;

export function decodeInfo(body: unknown): EngineInfo {
  const wire = object(body);
  return {
    name: string(wire['Name']),
    serverVersion: string(wire['ServerVersion']),
    driver: string(wire['Driver']),
    operatingSystem: string(wire['OperatingSystem']),
    architecture: string(wire['Architecture']),
    ncpu: number(wire['NCPU']),
    memoryBytes: number(wire['MemTotal']),
    containers: number(wire['Containers']),
    images: number(wire['Images']),
    networks: strings(object(wire['Plugins'])['Network']),
    systemTime: string(wire['SystemTime']),
    systemStatus: Object.fromEntries(
      list(wire['SystemStatus']).map((pair) => {
        const [label, value] = list(pair);
        return [string(label).trim(), string(value).trim()];
      }),
    ),
  };
}

export function decodeVersion(body: unknown): EngineVersion {
  const wire = object(body);
  return {
    version: string(wire['Version']),
    apiVersion: string(wire['ApiVersion']),
    os: string(wire['Os']),
    arch: string(wire['Arch']),
    kernelVersion: string(wire['KernelVersion']),
  };
}

export function decodeImage(body: unknown): EngineImage {
  const wire = object(body);
  const config = object(wire['Config']);
  return {
    id: string(wire['Id']),
    repoTags: strings(wire['RepoTags']),
    repoDigests: strings(wire['RepoDigests']),
    sizeBytes: number(wire['Size']),
    config: {
      command: strings(config['Cmd']),
      entrypoint: strings(config['Entrypoint']),
      env: strings(config['Env']),
      user: string(config['User']),
      workingDir: string(config['WorkingDir']),
      stopSignal: string(config['StopSignal']),
    },
  };
}

function object(value: unknown): Wire {
  return typeof value === 'object' && value !== null ? (value as Wire) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function strings(value: unknown): readonly string[] {
  return list(value).filter((item) => typeof item === 'string');
}

function string(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
