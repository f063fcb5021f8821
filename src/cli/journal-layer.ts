import { typedOf } from '../config/vch-document.ts';
import { VickError } from '../errors/vick-error.ts';
import type { Deps } from './deps.ts';
import { vchFields } from './schema-parts.ts';
import type { FlagLayer, LayerRequest } from './spec.ts';
import type { Table } from './table.ts';

/** With --resume or --cleanup, what the unfinished create was asked for counts as a file. */
export async function journalLayers({ words, flags }: LayerRequest, deps: Deps, table: Table): Promise<readonly FlagLayer[]> {
  const name = words[0];
  if (name === undefined || (flags['resume'] !== true && flags['cleanup'] !== true)) return [];
  const { journalsOf } = await import('../operations/vch/journal.ts');
  const typed = flags['target'] ?? deps.env['VICK_TARGET'] ?? deps.env['VIC_MACHINE_TARGET'];
  const all = await journalsOf(name, deps);
  const fitting = typeof typed === 'string' && typed !== '' ? all.filter(({ target }) => typed.includes(target) || target.includes(typed)) : all;
  if (fitting.length > 1) {
    throw new VickError('USAGE', `there are unfinished creates of ${name} on several targets: ${fitting.map(({ target }) => target).join(', ')}`, {
      hint: 'Say which with --target.',
    });
  }
  const [journal] = fitting;
  if (journal === undefined) return [];
  return [{ origin: `the journal of ${name}`, values: typedOf(journal.document, vchFields(table)).values }];
}
