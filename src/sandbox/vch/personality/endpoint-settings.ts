/** How a container is to be connected to a network. */
export interface EndpointSettings {
  readonly IPAMConfig?: { readonly IPv4Address?: string } | null;
  /** `container:alias`. */
  readonly Links?: readonly string[] | null;
  readonly Aliases?: readonly string[] | null;
}

/** As the port layer takes them: links as they are, aliases of its own behind a colon. */
export function aliasesOf(settings: EndpointSettings | null | undefined): readonly string[] {
  return [...(settings?.Links ?? []), ...(settings?.Aliases ?? []).map((alias) => `:${alias}`)];
}
