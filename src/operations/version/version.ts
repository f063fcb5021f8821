/** What `vick version` knows without asking anybody. */
export interface VersionReport {
  readonly vick: string;
  readonly node: string;
  readonly platform: string;
}

export interface ProgramFacts {
  readonly version: string;
  readonly runtime: { readonly node: string; readonly platform: string };
}

export function version(self: ProgramFacts): VersionReport {
  return { vick: self.version, node: self.runtime.node, platform: self.runtime.platform };
}
