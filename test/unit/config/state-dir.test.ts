import { describe, expect, it } from 'vitest';
import { stateDirectory } from '../../../src/config/state-dir.ts';

describe('stateDirectory', () => {
  it.each([
    ['own variable first', { VICK_STATE_DIR: '/var/vick', XDG_STATE_HOME: '/xdg' }, '/var/vick'],
    ['then XDG', { XDG_STATE_HOME: '/xdg' }, '/xdg/vick'],
    ['then the home folder', {}, '/home/ada/.local/state/vick'],
    ['empty counts as unset', { VICK_STATE_DIR: '', XDG_STATE_HOME: '' }, '/home/ada/.local/state/vick'],
    ['a relative XDG folder is ignored', { XDG_STATE_HOME: 'state' }, '/home/ada/.local/state/vick'],
  ])('%s', (_, env, expected) => {
    expect(stateDirectory({ env, homeDirectory: '/home/ada' })).toBe(expected);
  });
});
