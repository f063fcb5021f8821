import { DockerError } from './errors.ts';

export interface NamedMount {
  readonly volume: string;
  readonly path: string;
  readonly mode: string;
}

/** `name:/path[:mode]`. Folders of a host are refused, and so is a path that is not absolute. */
export function mountsOf(binds: readonly string[]): readonly NamedMount[] {
  return binds.map((bind) => {
    const [source = '', path = '', mode = 'rw'] = bind.split(':');
    if (!path.startsWith('/')) {
      const why = `invalid mount config for type "volume": invalid mount path: '${path}' mount path must be absolute`;
      throw new DockerError(500, `invalid bind mount spec ${JSON.stringify(bind)}: invalid volume specification: '${bind}': ${why}`);
    }
    if (source.startsWith('/')) throw new DockerError(400, 'Bad request error from portlayer: mounting directories as a data volume is not supported.');
    return { volume: source, path, mode };
  });
}
