import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RELEASED, WOLFPACK } from '../../../../src/sandbox/vsphere/vic-machine/build.ts';
import { flagsOf } from '../../../../src/sandbox/vsphere/vic-machine/commands.ts';
import { formatDuration, parseDuration, quote } from '../../../../src/sandbox/vsphere/vic-machine/go-text.ts';
import { parseUrl } from '../../../../src/sandbox/vsphere/vic-machine/go-url.ts';
import { parseFlags } from '../../../../src/sandbox/vsphere/vic-machine/parse.ts';

const CREATE = flagsOf('create', WOLFPACK);
const parse = (...argv: string[]) => parseFlags(CREATE, argv, {});

describe('flags', () => {
  it.each([
    [['--nope'], 'flag provided but not defined: -nope'],
    [['--name'], 'flag needs an argument: -name'],
    [['---name', 'x'], 'bad flag syntax: ---name'],
    [['--=x'], 'bad flag syntax: --=x'],
    [['--timeout', '3'], 'invalid value "3" for flag -timeout: parse error'],
    [['--force=maybe'], 'invalid boolean value "maybe" for -force: parse error'],
    [['--ops-grant-perms=maybe'], 'invalid boolean value "maybe" for -ops-grant-perms: strconv.ParseBool: parsing "maybe": invalid syntax'],
    [['--endpoint-cpu', 'two'], 'invalid value "two" for flag -endpoint-cpu: parse error'],
    [['--cpu', '1.5'], 'invalid value "1.5" for flag -cpu: strconv.Atoi: parsing "1.5": invalid syntax'],
    [['--cpu', '99999999999999999999'], 'invalid value "99999999999999999999" for flag -cpu: strconv.Atoi: parsing "99999999999999999999": value out of range'],
    [['--cpu-shares', 'most'], 'invalid value "most" for flag -cpu-shares: strconv.Atoi: parsing "most": invalid syntax'],
    [['--target', 'a:b'], 'invalid value "a:b" for flag -target: parse "https://a:b": invalid port ":b" after host'],
  ])('%j is an incorrect usage', (argv, message) => {
    expect(parse(...argv)).toMatchObject({ kind: 'incorrect', message });
  });

  it('takes one dash or two, a value after a blank or an equals sign, and aliases', () => {
    const parsed = parse('-name', 'a', '--vs=x:y', '-volume-store', 'z:w', '-f', '-k=false', '--cpus', 'HIGH', '-timeout=1h30m', 'word', '--name', 'lost');
    if (parsed.kind !== 'parsed') throw new Error(parsed.kind);
    const { values, args } = parsed;
    expect([values.text('name'), values.list('volume-store'), values.bool('force'), values.bool('no-tls')]).toEqual(['a', ['x:y', 'z:w'], true, false]);
    expect([values.text('cpu-shares'), values.number('timeout'), args]).toEqual(['high', 5_400_000, ['word', '--name', 'lost']]);
  });

  it('prefers a flag to its variable, and a variable to nothing', () => {
    const env = { VIC_MACHINE_USER: 'from-env', VIC_MACHINE_PASSWORD: '', VIC_MACHINE_NAME: 'no such variable' };
    const parsed = parseFlags(CREATE, ['--target', 'h'], env);
    const given = parseFlags(CREATE, ['--user', 'given'], env);
    if (parsed.kind !== 'parsed' || given.kind !== 'parsed') throw new Error('not parsed');
    expect([parsed.values.text('user'), parsed.values.has('password'), parsed.values.text('name')]).toEqual(['from-env', false, 'virtual-container-host']);
    expect(given.values.text('user')).toBe('given');
  });

  it('has no Kubernetes flags in the released line', () => {
    expect(parseFlags(flagsOf('create', RELEASED), ['--k8s-config', 'x'], {})).toMatchObject({
      kind: 'incorrect',
      message: 'flag provided but not defined: -k8s-config',
    });
    expect(parseFlags(flagsOf('create', RELEASED), ['--no-proxy', 'x', '--sq', '5', '--bnw', '20'], {}).kind).toBe('parsed');
  });

  it('never throws, and says what is wrong with any words', () => {
    const names = CREATE.flatMap(({ name, alias }) => [name, alias ?? name]);
    const word = fc.oneof(
      fc.string(),
      fc.tuple(fc.constantFrom('-', '--'), fc.constantFrom(...names), fc.constantFrom('', '=', '=x', '=1', '=true')).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), fc.constantFrom(WOLFPACK, RELEASED), (argv, build) => {
        const parsed = parseFlags(flagsOf('create', build), argv, {});
        if (parsed.kind === 'incorrect') expect(parsed.message).not.toBe('');
        if (parsed.kind === 'parsed') expect(argv.slice(argv.length - parsed.args.length)).toEqual(parsed.args);
      }),
      { numRuns: 500 },
    );
  });
});

describe('texts as Go writes them', () => {
  it('prints durations that it reads back', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 1e9 }), (ms) => parseDuration(formatDuration(ms)) === ms));
    expect([180_000, 8000, 1500, 5_400_000, 0].map(formatDuration)).toEqual(['3m0s', '8s', '1.5s', '1h30m0s', '0s']);
    expect(['3', '', 's', '1', '-', '1x', '1.s.'].map(parseDuration)).toEqual(Array.from({ length: 7 }, () => undefined));
  });

  it('quotes without losing anything', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(unquote(quote(text))).toBe(text);
      }),
    );
    expect(quote('a"b\\c\n\t\u0007\u0001\u200b')).toBe('"a\\"b\\\\c\\n\\t\\a\\x01\\u200b"');
  });

  it('parses every text as a URL or says why not', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const url = parseUrl(text);
        if (url.kind === 'error') expect(url.message).toMatch(/^parse ".*": ./s);
      }),
    );
    expect(parseUrl('https://u:p%40w@h:1/DC0?x')).toMatchObject({ user: 'u', password: 'p@w', host: 'h:1', path: '/DC0', query: 'x' });
    expect(parseUrl('proxy.example.test:3128')).toMatchObject({ scheme: 'proxy.example.test', host: '' });
    expect(parseUrl('http://a b')).toMatchObject({ kind: 'error', message: 'parse "http://a b": invalid character " " in host name' });
  });
});

function unquote(text: string): string {
  const simple: Record<string, string> = { n: '\n', t: '\t', r: '\r', a: '\u0007', b: '\b', f: '\f', v: '\v' };
  return text.slice(1, -1).replace(/\\(?:x(..)|u(....)|U(........)|(.))/gs, (_, x?: string, u?: string, U?: string, other?: string) => {
    const code = x ?? u ?? U;
    return code === undefined ? (simple[other ?? ''] ?? other ?? '') : String.fromCodePoint(parseInt(code, 16));
  });
}
