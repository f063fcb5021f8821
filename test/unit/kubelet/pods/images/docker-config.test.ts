import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from '../../../../../src/errors/redact.ts';
import { parseDockerConfig } from '../../../../../src/kubelet/pods/images/docker-config.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('docker configuration', () => {
  it('reads both formats', () => {
    const entry = { username: 'ann', password: 'pa:ss', email: 'a@b.c' };
    const login = { location: 'reg.example', username: 'ann', password: 'pa:ss' };
    expect(parseDockerConfig(JSON.stringify({ auths: { 'reg.example': entry }, credsStore: 'x' }), 'dockerconfigjson')).toEqual([login]);
    expect(parseDockerConfig(JSON.stringify({ 'reg.example': entry }), 'dockercfg')).toEqual([login]);
    expect(parseDockerConfig('{}', 'dockerconfigjson')).toEqual([]);
  });

  it('believes auth over username and password, with padding or without', () => {
    for (const auth of [base64('bob:s3:cret'), base64('bob:s3:cret').replace(/=+$/, '')]) {
      const [login] = parseDockerConfig(JSON.stringify({ auths: { r: { username: 'ann', password: 'other', auth } } }), 'dockerconfigjson');
      expect(login).toMatchObject({ username: 'bob', password: 's3:cret' });
    }
  });

  it('keeps identity tokens', () => {
    const [login] = parseDockerConfig(JSON.stringify({ auths: { r: { auth: base64('u:'), identitytoken: 'tok-123' } } }), 'dockerconfigjson');
    expect(login).toEqual({ location: 'r', username: 'u', password: '', identityToken: 'tok-123' });
  });

  it.each([
    ['', 'is not JSON'],
    ['{"auths":', 'is not JSON'],
    ['[]', 'is not a JSON object'],
    ['null', 'is not a JSON object'],
    ['{"auths":[]}', 'auths that are not an object'],
    ['{"auths":{"r":"x"}}', 'entry for r'],
    ['{"auths":{"r":{"auth":"%%%"}}}', 'auth for r'],
    [`{"auths":{"r":{"auth":"${base64('nocolon')}"}}}`, 'auth for r'],
  ])('refuses %j', (text, message) => {
    expect(() => parseDockerConfig(text, 'dockerconfigjson')).toThrow(message);
  });

  it('never quotes what it cannot read', () => {
    const secret = 'Tr0ub4dor-and-3';
    for (const text of [`{"auths":{"r":{"password":"${secret}"`, JSON.stringify({ auths: { r: { auth: base64(secret) } } })]) {
      let message = '';
      try {
        parseDockerConfig(text, 'dockerconfigjson');
      } catch (error) {
        message = String(error);
      }
      expect(message).not.toBe('');
      expect(message).not.toContain(secret);
      expect(message).not.toContain(base64(secret));
    }
  });

  it('registers what it read for redaction', () => {
    parseDockerConfig(JSON.stringify({ auths: { r: { auth: base64('u:correct-horse-battery') } } }), 'dockerconfigjson');
    expect(redact(`denied for correct-horse-battery (${base64('u:correct-horse-battery')})`)).not.toMatch(/horse|dTpj/);
  });

  it('gives back every user and password that was encoded', () => {
    const user = fc.string().filter((text) => !text.includes(':'));
    const password = fc.string();
    fc.assert(
      fc.property(user, password, (username, secret) => {
        const auth = base64(`${username}:${secret}`);
        expect(parseDockerConfig(JSON.stringify({ r: { auth } }), 'dockercfg')).toEqual([{ location: 'r', username, password: secret }]);
      }),
    );
  });
});
