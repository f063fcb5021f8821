import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { credentialsFor } from '../../../../../src/kubelet/pods/images/keyring.ts';

const login = (location: string, username = location) => ({ location, username, password: 'p' });
const chosen = (image: string, ...locations: readonly string[]): readonly (string | undefined)[] =>
  credentialsFor(
    image,
    locations.map((location) => login(location)),
  ).map(({ username }) => username);

describe('which login fits which image', () => {
  it.each<[image: string, locations: readonly string[], expected: readonly string[]]>([
    ['reg.example/app', ['reg.example'], ['reg.example']],
    ['reg.example/app', ['https://reg.example'], ['https://reg.example']],
    ['reg.example/app', ['http://reg.example/'], ['http://reg.example/']],
    ['reg.example/app', ['https://reg.example/v1/'], ['https://reg.example/v1/']],
    ['reg.example/app', ['https://reg.example/v2/'], ['https://reg.example/v2/']],
    ['reg.example/app', ['other.example'], []],
    ['reg.example/app', ['example'], []],
    ['reg.example/app', ['sub.reg.example'], []],
    ['reg.example:5000/app', ['reg.example'], []],
    ['reg.example:5000/app', ['reg.example:5000'], ['reg.example:5000']],
    ['reg.example/app', ['reg.example:443'], []],
    ['localhost:5000/app', ['localhost:5000'], ['localhost:5000']],
    // paths
    ['reg.example/team/app', ['reg.example/team'], ['reg.example/team']],
    ['reg.example/other/app', ['reg.example/team'], []],
    ['reg.example/team/app', ['reg.example/v2/team'], ['reg.example/v2/team']],
    ['reg.example/team/app:1', ['reg.example', 'reg.example/team/app', 'reg.example/team'], ['reg.example/team/app', 'reg.example/team', 'reg.example']],
    // globs
    ['a.example/app', ['*.example'], ['*.example']],
    ['a.b.example/app', ['*.example'], []],
    ['a.b.example/app', ['*.*.example'], ['*.*.example']],
    ['prefix-x.example/app', ['prefix-*.example'], ['prefix-*.example']],
    ['x.example:8443/app', ['*.example:8443'], ['*.example:8443']],
    ['x.example/team/app', ['*.example/team', 'x.example'], ['x.example', '*.example/team']],
    ['x.example/app', ['?.example'], ['?.example']],
    ['xy.example/app', ['?.example'], []],
    // Docker Hub
    ['busybox', ['docker.io'], ['docker.io']],
    ['busybox', ['https://index.docker.io/v1/'], ['https://index.docker.io/v1/']],
    ['index.docker.io/busybox', ['index.docker.io'], ['index.docker.io']],
    ['team/app:2', ['https://index.docker.io/v1/'], ['https://index.docker.io/v1/']],
    ['docker.io/team/app', ['docker.io/team', 'docker.io/library'], ['docker.io/team']],
    ['busybox', ['docker.io/library'], ['docker.io/library']],
    ['busybox', ['docker.io', 'index.docker.io'], ['docker.io']],
    ['busybox', ['registry.example'], []],
    ['reg.example/busybox', ['https://index.docker.io/v1/'], []],
    // nothing sensible
    ['reg.example/app', ['', 'https://', ' ', 'user@reg.example'], []],
    ['Not An Image', ['*'], []],
  ])('%s with %j: %j', (image, locations, expected) => {
    expect(chosen(image, ...locations)).toEqual(expected);
  });

  it('tries all logins for one place, in the order of the secrets', () => {
    const found = credentialsFor('reg.example/a', [login('reg.example', 'first'), login('https://reg.example/', 'second'), login('reg.example', 'third')]);
    expect(found.map(({ username }) => username)).toEqual(['first', 'second', 'third']);
  });

  it('says where the login goes', () => {
    expect(credentialsFor('busybox', [login('docker.io')])[0]?.server).toBe('https://index.docker.io/v1/');
    expect(credentialsFor('reg.example:5000/a', [login('reg.example:5000')])[0]?.server).toBe('reg.example:5000');
  });

  it('finds by glob what a regular expression finds, quickly', () => {
    const label = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const pattern = fc.array(fc.constantFrom('a', 'b', '*', '?', 'z'), { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(label, fc.stringMatching(/^[abz]{1,8}$/)), pattern, (host, glob) => {
        const expected = new RegExp(`^${glob.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(host);
        expect(chosen(`${host}.example/app`, `${glob}.example`).length === 1).toBe(expected);
      }),
    );
    expect(chosen(`${'a'.repeat(60)}.example/app`, `${'*a'.repeat(300)}b.example`)).toEqual([]);
  });
});
