import { describe, expect, it } from 'vitest';
import { choose } from '../../../src/cli/precedence.ts';

const layers = { flag: undefined, envNames: ['A', 'B'], env: {}, file: undefined, fallback: undefined } as const;

describe('choose', () => {
  it('prefers flag, then environment, then file, then default', () => {
    const all = { ...layers, flag: 'f', env: { A: 'a' }, file: 'c', fallback: 'd' };
    expect(choose<string>(all)).toEqual({ value: 'f', source: 'flag' });
    expect(choose<string>({ ...all, flag: undefined })).toEqual({ value: 'a', source: 'env', variable: 'A' });
    expect(choose<string>({ ...all, flag: undefined, env: {} })).toEqual({ value: 'c', source: 'file' });
    expect(choose<string>({ ...all, flag: undefined, env: {}, file: undefined })).toEqual({ value: 'd', source: 'default' });
    expect(choose<string>(layers)).toBeUndefined();
  });

  it('asks the variables in their order and takes an empty one as unset', () => {
    expect(choose<string>({ ...layers, env: { A: '', B: 'b' } })).toEqual({ value: 'b', source: 'env', variable: 'B' });
  });

  it('lets a flag that is false or empty win', () => {
    expect(choose<boolean>({ ...layers, flag: false, env: { A: 'true' } })).toEqual({ value: false, source: 'flag' });
    expect(choose<string>({ ...layers, flag: '', fallback: 'd' })).toEqual({ value: '', source: 'flag' });
  });
});
