export type Source = 'flag' | 'env' | 'file' | 'default';

export interface Layers<T> {
  readonly flag: T | undefined;
  /** Names in the order in which they are asked. An empty variable counts as unset, as a shell's `X= cmd` means it. */
  readonly envNames: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: T | undefined;
  readonly fallback: T | undefined;
}

export interface Chosen<T> {
  readonly value: T | string;
  readonly source: Source;
  /** How to speak of the origin in a message: the variable's name for `env`. */
  readonly variable?: string;
}

/** Which of the places a setting may come from wins: flag > environment > file > default. */
export function choose<T>(layers: Layers<T>): Chosen<T> | undefined {
  if (layers.flag !== undefined) return { value: layers.flag, source: 'flag' };
  for (const variable of layers.envNames) {
    const value = layers.env[variable];
    if (value !== undefined && value !== '') return { value, source: 'env', variable };
  }
  if (layers.file !== undefined) return { value: layers.file, source: 'file' };
  if (layers.fallback !== undefined) return { value: layers.fallback, source: 'default' };
  return undefined;
}
