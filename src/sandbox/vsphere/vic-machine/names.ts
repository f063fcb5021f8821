import { quote } from './go-text.ts';

const FORBIDDEN = /[%&*$#@!\\/:?"<>;'|]/;
const FORBIDDEN_IN_DATASTORE = /[%&*$#@!\\?"<>;'|]/;

/** The complaint about the first character that a VCH name or a volume label may not have. */
export function unsupportedCharacter(text: string): string | undefined {
  return complaint(text, FORBIDDEN);
}

/** As unsupportedCharacter for a datastore path, where `/` and `:` are fine. */
export function unsupportedCharacterInDatastore(text: string): string | undefined {
  return complaint(text, FORBIDDEN_IN_DATASTORE);
}

function complaint(text: string, forbidden: RegExp): string | undefined {
  const found = forbidden.exec(text)?.[0];
  return found === undefined ? undefined : `unsupported character ${quote(found)} in ${quote(text)}`;
}
