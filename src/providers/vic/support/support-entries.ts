import type { SupportEntry } from '../../../kubelet/provider.ts';

export const honoured = (fields: readonly string[], note?: string): readonly SupportEntry[] =>
  fields.map((field) => ({ field, support: 'honoured', ...(note === undefined ? {} : { note }) }));
export const degraded = (fields: readonly string[], note: string): readonly SupportEntry[] => fields.map((field) => ({ field, support: 'degraded', note }));
export const refused = (fields: readonly string[], note: string): readonly SupportEntry[] => fields.map((field) => ({ field, support: 'refused', note }));
/** Degraded for some pods that have the field, so that nobody is told at each one. */
export const quietly = (fields: readonly string[], note: string): readonly SupportEntry[] =>
  fields.map((field) => ({ field, support: 'degraded', note, quiet: true }));
