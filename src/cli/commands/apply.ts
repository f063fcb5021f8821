import { resolve } from 'node:path';
import { decodeDocuments, type DecodedDocument } from '../../config/decode.ts';
import { refuseFindings, type Finding } from '../../config/finding.ts';
import { readNamedFile } from '../../config/read-file.ts';
import { makeSchemas } from '../../config/schema.ts';
import { typedOf, type VchDocument } from '../../config/vch-document.ts';
import { isVickError, VickError } from '../../errors/vick-error.ts';
import { checkCreate, createVch, planVch, type CreateVchRequest } from '../../operations/vch/create.ts';
import type { CreatedVch } from '../../operations/vch/created-vch.ts';
import { describePlan, type CreatePlan } from '../../operations/vch/plan-create.ts';
import { once } from '../../platform/once.ts';
import { configLayer } from '../config-layer.ts';
import type { Deps } from '../deps.ts';
import { buildInput } from '../input.ts';
import type { RawFlags } from '../parse.ts';
import { schemaParts, vchFields } from '../schema-parts.ts';
import type { CommandHandler, CommandInput, Outcome } from '../spec.ts';
import { createVchSpec } from '../specs/create-vch.ts';
import { TABLE } from '../specs/index.ts';
import { nearest } from '../suggest.ts';
import { createdOutcome, createRequest } from './create-vch.ts';
import { isOn, listFlag, textFlag } from './vch-input.ts';

export const runApply: CommandHandler = async (input, given, signal) => {
  const files = listFlag(input, 'filename');
  if (files.filter((file) => file === '-').length + (isOn(input, 'password-stdin') ? 1 : 0) > 1) {
    throw new VickError('USAGE', 'the standard input can be read once only', { hint: 'Give the password by --password-file or $VICK_PASSWORD.' });
  }
  // A password on the standard input is for every document.
  const { stdin } = given.streams;
  const stdinText = once(() => stdin.readText());
  const deps: Deps = { ...given, streams: { ...given.streams, stdin: { isTerminal: stdin.isTerminal, readText: stdinText } } };
  const dryRun = textFlag(input, 'dry-run') ?? 'none';
  const documents = await readDocuments(files, deps);
  const requests: CreateVchRequest[] = [];
  // In order, so that questions come one after the other.
  for (const document of documents) requests.push(await requestFor(document, input, deps, dryRun !== 'client'));
  const results: Result[] = [];
  for (const request of requests) results.push(await applyOne(request, dryRun, documents.length, deps, signal));
  return outcomeOf(results, dryRun, input, deps);
};

type Result = { readonly name: string } & (
  { readonly vch: CreatedVch } | { readonly plan: CreatePlan; readonly declared: VchDocument } | { readonly error: VickError }
);

/** Every document of every file; all that is wrong with any of them in one report. */
async function readDocuments(files: readonly string[], deps: Pick<Deps, 'fs' | 'cwd' | 'streams'>): Promise<readonly DecodedDocument[]> {
  const schemas = await makeSchemas(schemaParts(TABLE));
  const documents: DecodedDocument[] = [];
  const findings: Finding[] = [];
  for (const file of files) {
    const origin = file === '-' ? 'stdin' : file;
    const text = file === '-' ? await deps.streams.stdin.readText() : await readNamedFile(resolve(deps.cwd, file), deps.fs);
    const decoded = decodeDocuments(text, origin, schemas, nearest);
    findings.push(...decoded.findings);
    if (decoded.documents.length === 0 && decoded.findings.length === 0) findings.push({ origin, line: undefined, path: '', message: 'holds no document' });
    for (const document of decoded.documents) {
      const { line, kind, value } = document;
      const twin = documents.find((other) => nameOf(other.value) === nameOf(value) && targetOf(other.value) === targetOf(value));
      if (kind !== 'VirtualContainerHost') {
        findings.push({
          origin,
          line,
          path: 'kind',
          message: `is ${kind}, which is not applied`,
          hint: `vick reads it as its configuration file: --config ${file}`,
        });
      } else if (twin !== undefined) {
        findings.push({ origin, line, path: 'metadata.name', message: `is ${nameOf(value)} a second time; the first is in ${twin.origin}:${twin.line ?? 1}` });
      } else documents.push(document);
    }
  }
  refuseFindings(findings);
  return documents;
}

function nameOf(value: Readonly<Record<string, unknown>>): string {
  return (value as unknown as VchDocument).metadata.name;
}

function targetOf(value: Readonly<Record<string, unknown>>): unknown {
  return (value as unknown as VchDocument).spec['target'];
}

/** A document is a file below the flags of `create vch`: the same decoding, the same rules. */
async function requestFor({ value, origin, line }: DecodedDocument, input: CommandInput, deps: Deps, password: boolean): Promise<CreateVchRequest> {
  const document = value as unknown as VchDocument;
  const { values, extraArgs } = typedOf(document, vchFields(TABLE));
  const place = `${origin}:${line ?? 1}`;
  const known = new Set(createVchSpec.flags.map((flag) => flag.name));
  const typed: RawFlags = Object.fromEntries(
    Object.entries(input.flags).filter(([flag, given]) => input.sources[flag] === 'flag' && known.has(flag) && flag !== 'dry-run' && given !== undefined),
  ) as RawFlags;
  const layers = [{ origin: place, values }, ...(await configLayer(createVchSpec, textFlag(input, 'config'), deps, TABLE))];
  try {
    const merged = await buildInput(createVchSpec, { words: [document.metadata.name], flags: typed, rest: extraArgs }, deps, layers);
    for (const [flag, declared] of Object.entries(values)) {
      if (merged.sources[flag] === 'env' && String(merged.flags[flag]) !== String(declared)) {
        deps.reporter.warn(`${document.metadata.name}: the environment overrules ${flag} of ${place}`);
      }
    }
    return await createRequest(merged, deps, password);
  } catch (error) {
    if (!isVickError(error) || error.code !== 'USAGE') throw error;
    throw new VickError('USAGE', `${document.metadata.name} (${place}): ${error.message}`, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

async function applyOne(request: CreateVchRequest, dryRun: string, count: number, deps: Deps, signal: AbortSignal): Promise<Result> {
  const { name } = request.input;
  try {
    if (dryRun === 'none') return { name, vch: await createVch(request, deps, signal) };
    const plan = dryRun === 'client' ? await planVch(request, deps) : await checkCreate(request, deps, signal);
    return 'change' in plan ? { name, vch: plan } : { name, plan, declared: request.declared };
  } catch (error) {
    if (count === 1 || signal.aborted || !isVickError(error)) throw error;
    // The others are still made: a pipeline wants to know of all of them.
    deps.reporter.warn(`${name}: ${error.message}`);
    return { name, error };
  }
}

function outcomeOf(results: readonly Result[], dryRun: string, input: CommandInput, deps: Deps): Outcome {
  const mark = dryRun === 'none' ? '' : ` (${dryRun} dry run)`;
  const views = results.map((result) => {
    if ('error' in result) {
      const { code, message, hint } = result.error;
      return { line: `vch/${result.name} failed [${code}]`, data: { name: result.name, change: 'failed', error: { code, message, hint } } };
    }
    if ('plan' in result) {
      return {
        line: `vch/${result.name} created${mark}`,
        data: input.output === 'yaml' ? result.declared : { ...describePlan(result.plan), declared: result.declared },
      };
    }
    return { line: `vch/${result.name} ${result.vch.change}${mark}`, data: createdOutcome(result.vch, deps).data };
  });
  const failed = results.flatMap((result) => ('error' in result ? [result.error] : []));
  const partial = results.some((result) => 'vch' in result && result.vch.problems.length > 0) || failed.length > 0;
  const [only] = views;
  const single = dryRun !== 'none' && input.output === 'yaml' && views.length === 1 && only !== undefined;
  return {
    data: single
      ? only.data
      : { apiVersion: 'vick.dev/v1alpha1', kind: 'ApplyResult', dryRun: dryRun === 'none' ? null : dryRun, items: views.map(({ data }) => data) },
    text: views.map(({ line }) => line).join('\n'),
    names: results.filter((result) => !('error' in result)).map(({ name }) => `vch/${name}`),
    ...(failed.length === results.length && failed.every((error) => error.code === failed[0]?.code) && failed[0] !== undefined
      ? { exit: failed[0].exitName }
      : partial
        ? { exit: 'partial' as const }
        : {}),
  };
}
