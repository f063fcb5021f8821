/** `vick config …`: what is set and why, is it right, write one, the schemas. */
import { dirname, resolve } from 'node:path';
import { configPath } from '../../config/config-file.ts';
import { decodeDocuments } from '../../config/decode.ts';
import { refuseFindings, type Finding } from '../../config/finding.ts';
import { readNamedFile } from '../../config/read-file.ts';
import { API_VERSION, jsonSchemaOf, KINDS, makeSchemas } from '../../config/schema.ts';
import { fieldsOf } from '../../config/fields.ts';
import { VickError } from '../../errors/vick-error.ts';
import { configLayer } from '../config-layer.ts';
import type { Deps } from '../deps.ts';
import { formatDuration } from '../duration.ts';
import { settle } from '../input.ts';
import { toYaml } from '../render/yaml.ts';
import { schemaParts } from '../schema-parts.ts';
import type { CommandHandler, CommandInput, CommandSpec, FlagLayer, FlagSpec, FlagValue } from '../spec.ts';
import { TABLE } from '../specs/index.ts';
import { nearest } from '../suggest.ts';
import { findCommand, visibleCommands } from '../table.ts';
import { textFlag } from './vch-input.ts';

interface Setting {
  readonly setting: string;
  readonly value: FlagValue | null;
  readonly source: 'env' | 'file' | 'default';
  readonly origin: string;
}

export const runConfigShow: CommandHandler = async (input, deps) => {
  const words = input.args['COMMAND'] as readonly string[];
  const place = placeOf(input, deps);
  const exists = (await deps.fs.info(place.path)) !== undefined;
  const settings = words.length > 0 ? await settingsOf(commandNamed(words), input, deps, true) : await everySetting(input, deps);
  return {
    data: { apiVersion: API_VERSION, kind: 'Settings', file: exists ? place.path : null, command: words.length > 0 ? words.join(' ') : null, items: settings },
    table: {
      columns: [{ title: 'setting' }, { title: 'value' }, { title: 'source' }],
      rows: settings.map(({ setting, value, origin }) => [setting, shown(value), origin]),
      empty: `Nothing is set; there is ${exists ? 'nothing in' : 'no'} ${place.path}.`,
    },
  };
};

/** Every flag of every command once; a value for one command alone stands under that command. */
async function everySetting(input: CommandInput, deps: Deps): Promise<readonly Setting[]> {
  const found = new Map<string, Setting>();
  for (const spec of visibleCommands(TABLE).filter((candidate) => candidate.configured !== false)) {
    for (const one of await settingsOf(spec, input, deps, false)) {
      const before = found.get(one.setting);
      if (before === undefined) found.set(one.setting, one);
      else if (before.origin !== one.origin || shown(before.value) !== shown(one.value)) {
        found.set(`${spec.path.join(' ')}: ${one.setting}`, { ...one, setting: `${spec.path.join(' ')}: ${one.setting}` });
      }
    }
  }
  return [...found.values()];
}

/** Values of the flags of a command as it would get them; without `defaults` only what somebody has set. */
async function settingsOf(spec: CommandSpec, input: CommandInput, deps: Deps, defaults: boolean): Promise<readonly Setting[]> {
  const layers = spec.configured === false ? [] : await configLayer(spec, textFlag(input, 'config'), deps, TABLE);
  return spec.flags.flatMap((flag) => settingOf(flag, layers, deps, defaults));
}

function settingOf(flag: FlagSpec, layers: readonly FlagLayer[], deps: Deps, defaults: boolean): readonly Setting[] {
  const chosen = settle(flag, undefined, deps.env, layers);
  if (chosen === undefined || (chosen.source === 'default' && !defaults) || chosen.source === 'flag') return [];
  const value =
    flag.secret === true ? '(set, not shown)' : flag.kind === 'duration' && typeof chosen.value === 'number' ? formatDuration(chosen.value) : chosen.value;
  return [{ setting: flag.name, value, source: chosen.source, origin: chosen.source === 'default' ? 'default' : chosen.origin }];
}

function shown(value: FlagValue | null): string {
  return Array.isArray(value) ? value.join(', ') : String(value);
}

function commandNamed(words: readonly string[]): CommandSpec {
  const found = findCommand(TABLE, words);
  if (found?.length === words.length) return found.spec;
  const near = nearest(
    words.join(' '),
    TABLE.commands.map(({ path }) => path.join(' ')),
  );
  throw new VickError('USAGE', `there is no command "${words.join(' ')}"`, { hint: near === undefined ? "See 'vick --help'." : `Did you mean ${near}?` });
}

export const runConfigValidate: CommandHandler = async (input, deps) => {
  const named = input.args['FILE'] as readonly string[];
  const files = named.length > 0 ? named : [placeOf(input, deps).path];
  if (named.length === 0 && (await deps.fs.info(files[0] ?? '')) === undefined) {
    throw new VickError('CONFIG_INVALID', `there is no configuration file ${files[0] ?? ''}`, { hint: 'Write one with: vick config init' });
  }
  const schemas = await makeSchemas(schemaParts(TABLE));
  const findings: Finding[] = [];
  const items: { file: string; kind: string; line: number | null }[] = [];
  for (const file of files) {
    const origin = file === '-' ? 'stdin' : file;
    const text = file === '-' ? await deps.streams.stdin.readText() : await readNamedFile(resolve(deps.cwd, file), deps.fs);
    const decoded = decodeDocuments(text, origin, schemas, nearest);
    findings.push(...decoded.findings);
    items.push(...decoded.documents.map(({ kind, line }) => ({ file: origin, kind, line: line ?? null })));
  }
  refuseFindings(findings);
  return {
    data: { apiVersion: API_VERSION, kind: 'Validation', valid: true, items },
    text: items.map(({ file, kind, line }) => `${file}${line === null ? '' : `:${line}`}: ${kind} is valid`).join('\n') || `${files.join(', ')}: nothing in it`,
    names: files,
  };
};

export const runConfigInit: CommandHandler = async (input, deps) => {
  const { path } = placeOf(input, deps);
  if ((await deps.fs.info(path)) !== undefined && input.flags['force'] !== true) {
    throw new VickError('CONFIG_EXISTS', `${path} exists already`, { hint: 'Replace it with --force; see what it says with: vick config show' });
  }
  const defaults: Record<string, FlagValue> = {};
  const spec = commandNamed(['config', 'init']);
  for (const field of fieldsOf(spec.flags)) {
    const value = input.flags[field.flag];
    // What stands in the environment stays there.
    if (value !== undefined && value !== '' && input.sources[field.flag] === 'flag') defaults[field.key] = value;
    else if (deps.prompter.interactive && (field.flag === 'target' || field.flag === 'user')) {
      defaults[field.key] = await deps.prompter.text({
        message: field.flag === 'target' ? 'vCenter or ESXi host' : 'vSphere account',
        flag: `--${field.flag}`,
      });
    }
  }
  const document = { apiVersion: API_VERSION, kind: 'Config', ...(Object.keys(defaults).length === 0 ? {} : { defaults }) };
  await deps.fs.makeDirectory(dirname(path), { mode: 0o700 });
  await deps.fs.writeFile(path, `${HEAD}${toYaml(document)}`, { mode: 0o600 });
  return { data: { apiVersion: API_VERSION, kind: 'ConfigInit', file: path, config: document }, text: `${path} written`, names: [path] };
};

const HEAD = `# Values that the flags of vick have where neither the command line nor the environment says otherwise.
# \`defaults\` are for every command, \`commands\` for one: { "create vch": { noTlsverify: true } }.
# What may stand here: vick config schema Config. Passwords may not: name a file with passwordFile.
`;

export const runConfigSchema: CommandHandler = async (input) => {
  const asked = (input.args['KIND'] as string | undefined) ?? 'VirtualContainerHost';
  const kind = KINDS.find((candidate) => candidate.toLowerCase() === asked.toLowerCase());
  if (kind === undefined) throw new VickError('USAGE', `there is no kind "${asked}"`, { hint: `Kinds: ${KINDS.join(', ')}.` });
  const schema = await jsonSchemaOf(kind, await makeSchemas(schemaParts(TABLE)));
  return { data: schema, text: JSON.stringify(schema, null, 2) };
};

function placeOf(input: CommandInput, deps: Deps): { readonly path: string } {
  return configPath({ ...deps, explicit: textFlag(input, 'config') });
}
