import { redact } from '../../errors/redact.ts';
import { VickError, causeChain, isVickError, messageOf } from '../../errors/vick-error.ts';
import { createStyle } from './style.ts';

export interface ErrorView {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly colour: boolean;
}

/** What is thrown, as a VickError: anything that is not one already is a mistake of ours. */
export function asVickError(error: unknown): VickError {
  if (isVickError(error)) return error;
  return new VickError('BUG', messageOf(error), {
    cause: error,
    hint: "This is a mistake in vick. Please report it with the text above and the output of 'vick version'.",
  });
}

/**
 * The text for stderr. Errors go to stderr in every format, so that stdout holds a result or nothing;
 * with `-o json` it is one line of `{"error":{"code","message","hint"?,"details"?,"causes"?}}`.
 */
export function renderError(error: VickError, view: ErrorView): string {
  return redact(view.json ? renderJson(error, view.verbose) : renderText(error, view));
}

function renderJson(error: VickError, verbose: boolean): string {
  const { code, message, hint, details } = error;
  return `${JSON.stringify({ error: { code, message, hint, details, ...(verbose ? { causes: causesOf(error) } : {}) } })}\n`;
}

function renderText(error: VickError, view: ErrorView): string {
  const style = createStyle(view.colour);
  const lines: string[] = [];
  if (error.code === 'CANCELLED') {
    // Stopping on request is not a failure: no colour, no code.
    lines.push(error.message);
  } else {
    lines.push(`${style.bad('error')}: ${error.message} ${style.dim(`[${error.code}]`)}`);
  }
  if (view.verbose) {
    for (const cause of causesOf(error)) lines.push(style.dim(`  caused by: ${cause.split('\n').join('\n    ')}`));
    for (const [key, value] of Object.entries(error.details ?? {})) {
      lines.push(style.dim(`  ${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`));
    }
  }
  if (error.family === 'bug') lines.push(style.dim(stackOf(error)));
  if (error.hint !== undefined) lines.push(`${style.bold('hint')}: ${error.hint}`);
  return `${lines.join('\n')}\n`;
}

function causesOf(error: VickError): readonly string[] {
  const chain = causeChain(error).slice(1);
  return chain.map((cause) => (isVickError(cause) ? `${cause.message} [${cause.code}]` : messageOf(cause))).filter((text) => text !== error.message);
}

function stackOf(error: VickError): string {
  const origin = error.cause instanceof Error ? error.cause : error;
  return (origin.stack ?? '').split('\n').slice(1, 12).join('\n');
}
