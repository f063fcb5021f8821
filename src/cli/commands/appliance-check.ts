import { resolve } from 'node:path';
import type { ExitName } from '../../errors/codes.ts';
import { checkAppliance, type ApplianceReport } from '../../operations/appliance/check.ts';
import type { Check } from '../../operations/preflight/check.ts';
import type { CommandHandler } from '../spec.ts';

const EXITS: Readonly<Record<ApplianceReport['verdict'], ExitName>> = { good: 'ok', absent: 'notFound', foreign: 'conflict', unusable: 'preflight' };
const RESULTS: Readonly<Record<Check['status'], string>> = { pass: 'ok', warn: 'warning', fail: 'FAILED', skip: 'not checked' };

export const runApplianceCheck: CommandHandler = async (input, deps, signal) => {
  const path = resolve(deps.cwd, input.args['IMAGE'] as string);
  const report = await checkAppliance(path, { fs: deps.fs, version: deps.self.version }, signal);
  const { image, program, checks, verdict } = report;
  return {
    data: {
      apiVersion: 'vick.dev/v1alpha1',
      kind: 'ApplianceCheck',
      verdict,
      image: { path: image.path, kind: image.kind, version: image.version ?? null, initramfs: image.initramfs ?? null },
      program:
        program === undefined
          ? null
          : { ...program, version: program.version ?? null, architecture: program.architecture ?? null, glibc: program.glibc ?? null },
      checks: checks.map(({ name, title, status, message, hint }) => ({ name, title, result: status, message: message ?? null, fix: hint ?? null })),
    },
    table: {
      columns: [{ title: 'CHECK' }, { title: 'RESULT' }, { title: 'FOUND' }, { title: 'FIX' }],
      rows: checks.map((check) => [check.name, RESULTS[check.status], check.message ?? check.title, check.hint ?? '']),
      empty: 'No checks.',
    },
    names: [`appliance/${verdict}`],
    exit: EXITS[verdict],
  };
};
