import { defineConfig } from 'vitest/config';

const project = (name: string, options: Record<string, unknown> = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: 30_000, hookTimeout: 60_000, ...options },
});

export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    reporters: ['default', new URL('./closing-line.ts', import.meta.url).pathname],
    projects: [
      // One group after the other: suites with real processes and clocks have the machine to themselves.
      project('unit', { sequence: { groupOrder: 0 } }),
      project('architecture', { sequence: { groupOrder: 0 } }),
      project('cli', { sequence: { groupOrder: 1 } }),
      project('contract', { sequence: { groupOrder: 2 } }),
      project('e2e', { testTimeout: 180_000, hookTimeout: 180_000, fileParallelism: false, sequence: { groupOrder: 3 } }),
    ],
  },
});
