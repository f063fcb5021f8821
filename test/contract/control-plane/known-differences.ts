/** Recorded answers that the embedded control plane knowingly does not give, with the reason. A difference that is gone must go from here. */
export const knownDifferences: Readonly<Record<string, readonly { readonly at: string; readonly why: string }[]>> = {};
