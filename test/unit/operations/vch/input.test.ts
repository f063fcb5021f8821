import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkVchName } from '../../../../src/operations/vch/name.ts';
import { readPassThrough } from '../../../../src/operations/vch/pass-through.ts';
import { deriveServerAddress, readServerAddress } from '../../../../src/operations/vch/server-address.ts';
import { readTarget, readThumbprint, targetHost } from '../../../../src/operations/vch/target.ts';
import { isVickError, type VickError } from '../../../../src/errors/vick-error.ts';

function refusal(work: () => unknown): VickError {
  try {
    work();
  } catch (error) {
    if (isVickError(error)) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('checkVchName', () => {
  it.each(['a', 'web', 'web-1', 'a.b', '0', 'x'.repeat(31)])('accepts %s', (name) => {
    expect(() => checkVchName(name)).not.toThrow();
  });
  it.each(['', 'Web', 'a_b', '-a', 'a-', 'a.', '.a', 'a..b', 'a.-b', 'a b', 'ä', 'a/b', 'x'.repeat(32)])('refuses %j with exit code 2', (name) => {
    expect(refusal(() => checkVchName(name))).toMatchObject({ code: 'NAME_INVALID', exitCode: 2 });
  });
  it('proposes only names that it accepts', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        try {
          checkVchName(name);
        } catch (error) {
          const better = /for example: (\S+)\.$/.exec((error as VickError).hint ?? '')?.[1];
          if (better !== undefined) expect(() => checkVchName(better)).not.toThrow();
        }
      }),
    );
  });
});

describe('server addresses', () => {
  it.each([
    ['https://k8s.example.test:6443', 'https://k8s.example.test:6443'],
    ['https://k8s.example.test', 'https://k8s.example.test:443'],
    ['https://k8s.example.test/k8s/clusters/c', 'https://k8s.example.test:443'],
    ['https://[2001:db8::1]:6443/', 'https://[2001:db8::1]:6443'],
    ['http://10.0.0.7', 'https://10.0.0.7:80'],
  ])('derives from %s', (server, address) => {
    expect(deriveServerAddress(server)).toBe(address);
  });
  it.each([
    ['10.0.0.7:6443', 'https://10.0.0.7:6443'],
    ['https://k8s:6443/', 'https://k8s:6443'],
    ['k8s', 'https://k8s:443'],
    ['[::1]:6443', 'https://[::1]:6443'],
  ])('reads %s', (text, address) => {
    expect(readServerAddress(text)).toBe(address);
  });
  it.each(['', 'k8s:0', 'k8s:65536', 'k8s:notaport', 'k8s:', 'http://k8s:80', 'k8s:6443/path', 'a b', '-k8s', 'user@k8s'])('refuses %j', (text) => {
    expect(refusal(() => readServerAddress(text)).code).toBe('USAGE');
  });
  it('reads back what it derives', () => {
    fc.assert(
      fc.property(fc.domain(), fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        const derived = deriveServerAddress(`https://${host}:${port}`);
        expect(readServerAddress(derived)).toBe(derived);
      }),
    );
  });
});

describe('readTarget', () => {
  it.each([
    ['vc.example.test', { target: 'vc.example.test', user: undefined, password: undefined }],
    ['https://root:pw-1@vc:8443/DC0/', { target: 'https://vc:8443/DC0', user: 'root', password: 'pw-1' }],
    ['ada%40vsphere.local:p%3Aw@vc', { target: 'vc', user: 'ada@vsphere.local', password: 'p:w' }],
    ['root:with@sign@vc', { target: 'vc', user: 'root', password: 'with@sign' }],
    ['root@vc', { target: 'vc', user: 'root', password: undefined }],
  ])('%s', (target, expected) => {
    expect(readTarget({ target })).toMatchObject(expected);
  });
  it('lets the flags win', () => {
    expect(readTarget({ target: 'a:b@vc', user: 'c', password: 'd' })).toMatchObject({ user: 'c', password: 'd' });
  });
  it.each(['', 'https://', 'root:pw@', 'vc/DC0/C0', 'a b'])('refuses %j', (target) => {
    expect(refusal(() => readTarget({ target })).code).toBe('USAGE');
  });
  it('never leaves user information in the target', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[^/\s]{0,20}$/), fc.domain(), (userInfo, host) => {
        expect(readTarget({ target: `https://${userInfo}@${host}` }).target).toBe(`https://${host}`);
      }),
    );
  });
  it('knows one spelling of a thumbprint', () => {
    const upper = 'AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD';
    for (const spelling of [upper, upper.toLowerCase(), upper.replaceAll(':', ''), upper.replaceAll(':', ' ')]) expect(readThumbprint(spelling)).toBe(upper);
    expect(refusal(() => readThumbprint('AA')).code).toBe('USAGE');
  });
  it.each([
    ['127.0.0.1:8989', '127.0.0.1'],
    ['https://[::1]:443/DC0', '::1'],
    ['vc.example.test/DC0', 'vc.example.test'],
  ])('host of %s', (target, host) => {
    expect(targetHost(target)).toBe(host);
  });
});

describe('readPassThrough', () => {
  it.each([
    [
      ['--dns-server', '192.0.2.53'],
      ['--dns-server', '192.0.2.53'],
    ],
    [['-dns-server=192.0.2.53'], ['--dns-server', '192.0.2.53']],
    [
      ['--force', '--asymmetric-routes=false'],
      ['--force', '--asymmetric-routes=false'],
    ],
    [
      ['--tls-ca', 'a.pem', '--registry-ca=/abs/b.pem'],
      ['--tls-ca', '/home/ada/a.pem', '--registry-ca', '/abs/b.pem'],
    ],
    [
      ['--container-name-convention', '--{name}'],
      ['--container-name-convention', '--{name}'],
    ],
    [
      ['--organization', 'a=b'],
      ['--organization', 'a=b'],
    ],
  ])('%j', (words, expected) => {
    expect(readPassThrough(words, '/home/ada').words).toEqual(expected);
  });
  it.each([
    [['x']],
    [['--debug']],
    [['--name', 'x']],
    [['-p', 'x']],
    [['--k8s-config', 'x']],
    [['--help']],
    [['-x']],
    [['--force', 'true']],
    [['--ops-user', 'x']],
    [['-1']],
    [['--']],
    [['']],
  ])('refuses %j', (words) => {
    expect(refusal(() => readPassThrough(words, '/')).code).toBe('USAGE');
  });
  it('gives words that it takes again', () => {
    const word = fc.constantFrom('--dns-server', '--force', '--debug=1', 'value', '--organization', '-k', '=', '--ops-grant-perms');
    fc.assert(
      fc.property(fc.array(word), (words) => {
        let first: readonly string[];
        try {
          first = readPassThrough(words, '/').words;
        } catch (error) {
          expect(isVickError(error)).toBe(true);
          return;
        }
        expect(readPassThrough(first, '/').words).toEqual(first);
      }),
    );
  });
});
