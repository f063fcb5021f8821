/** What a v1 Pod is called, for the rules that its definition and its subresources share. */
export const POD = { group: '', version: 'v1', kind: 'Pod', namespaced: true } as const;
