/** What /version says: the release whose behaviour this control plane follows, in the form that clients parse. */
export const VERSION_INFO = {
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitVersion: 'v1.36.3',
  gitCommit: '7b29fb077260554429dcef8234272e9fd25fcfbd',
  gitTreeState: 'clean',
  buildDate: '2026-08-18T00:00:00Z',
  goVersion: 'go1.26.10',
  compiler: 'gc',
  platform: 'linux/amd64',
} as const;
