/**
 * `$(NAME)` in env values, command and args (third_party/forked/golang/expansion in the Kubernetes tree): `$$` is a
 * literal `$`, a reference to an unknown name stays as it is written, and results are not expanded again.
 */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (match, name: string | undefined) => (name === undefined ? '$' : (lookup(name) ?? match)));
}

/** As `expand`, for what must not stay unresolved: throws Error naming the variable that is missing. */
export function expandStrictly(text: string, lookup: (name: string) => string | undefined): string {
  return expand(text, (name) => {
    const value = lookup(name);
    if (value === undefined) throw new Error(`missing value for "${name}"`);
    return value;
  });
}
