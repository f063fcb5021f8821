import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseLabelChange } from '../../../../src/operations/node/label-spec.ts';
import { parseTaintChange } from '../../../../src/operations/node/taint-spec.ts';
import type { CreateVchInput } from '../../../../src/operations/vch/create-input.ts';
import { readPassThrough } from '../../../../src/operations/vch/pass-through.ts';
import { describePlan, planCreate, renderPlan, type CreateFacts } from '../../../../src/operations/vch/plan-create.ts';

const FOLDER = new URL('../../../fixtures/plans/', import.meta.url);

interface Golden {
  readonly input: Omit<Partial<CreateVchInput>, 'labels' | 'taints' | 'extra'> & {
    readonly labels?: string[];
    readonly taints?: string[];
    readonly extra?: string[];
  };
  readonly facts: Omit<Partial<CreateFacts>, 'applianceIso'> & { readonly applianceIso?: string | null };
}

const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));

function planOf({ input, facts }: Golden): ReturnType<typeof planCreate> {
  return planCreate(
    {
      name: 'web',
      target: { target: 'vc.example.test', user: 'root', password: 'never-shown', thumbprint: undefined },
      volumeStores: [],
      tls: undefined,
      allowLoopback: false,
      wait: true,
      timeoutMs: 600_000,
      vicTimeoutMs: 600_000,
      ...input,
      labels: input.labels === undefined ? undefined : parseLabelChange(input.labels),
      taints: input.taints === undefined ? undefined : parseTaintChange(input.taints),
      extra: readPassThrough(input.extra ?? [], '/home/ada'),
    },
    {
      binary: '/opt/vic/vic-machine-linux',
      stateDirectory: '/state',
      applianceIso: '/opt/vic/appliance-vkubelet.iso',
      bootstrapIso: '/opt/vic/bootstrap.iso',
      kubeconfig: { path: '/home/ada/.kube/config', contextName: 'prod', userName: 'admin', server: 'https://k8s.example.test:6443' },
      ...(facts as Partial<CreateFacts>),
      ...(facts.applianceIso === null ? { applianceIso: undefined, bootstrapIso: undefined } : {}),
    },
  );
}

describe('planCreate', () => {
  const names = readdirSync(FOLDER).flatMap((file) => /^(.*)\.input\.json$/.exec(file)?.[1] ?? []);

  it.each(names)('%s', async (name) => {
    const plan = planOf(read(`${name}.input.json`) as Golden);
    // A plan without a recorded answer would only record itself.
    expect(readdirSync(FOLDER)).toContain(`${name}.output.json`);
    await expect(`${JSON.stringify(describePlan(plan), null, 2)}\n`).toMatchFileSnapshot(fileURLToPath(new URL(`${name}.output.json`, FOLDER)));
    expect(JSON.stringify(describePlan(plan)) + renderPlan(plan)).not.toContain('never-shown');
  });

  it('has golden plans', () => {
    expect(names.length).toBeGreaterThanOrEqual(4);
  });

  it('changes nothing of what it is given, and gives the same again', () => {
    const golden: Golden = { input: { labels: ['a=b'] }, facts: {} };
    const before = JSON.stringify(golden);
    expect(describePlan(planOf(golden))).toEqual(describePlan(planOf(golden)));
    expect(JSON.stringify(golden)).toBe(before);
  });

  it('keeps the certificate folder that was named', () => {
    expect(planOf({ input: { extra: ['--tls-cert-path', 'certs'] }, facts: {} }).certificateFolder).toBe('/home/ada/certs');
    expect(planOf({ input: {}, facts: {} }).certificateFolder).toBe('/state/vch/web/web');
  });
});
