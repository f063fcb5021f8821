import type { Outcome, OutputFormat, TableView } from '../spec.ts';
import { columns } from './columns.ts';

/** What goes to stdout (the result) and to stderr (`No VCHs found.`). */
export interface Rendered {
  readonly stdout: string;
  readonly stderr: string;
}

export async function renderOutcome(outcome: Outcome, format: OutputFormat): Promise<Rendered> {
  switch (format) {
    case 'json':
      return toStdout(`${JSON.stringify(outcome.data, null, 2)}\n`);
    case 'yaml': {
      const { toYaml } = await import('./yaml.ts');
      return toStdout(toYaml(outcome.data));
    }
    case 'name':
      return toStdout((outcome.names ?? []).map((name) => `${name}\n`).join(''));
    case 'table':
    case 'wide':
      if (outcome.text !== undefined) return toStdout(endLine(outcome.text));
      return outcome.table === undefined ? toStdout('') : renderTable(outcome.table, format === 'wide');
  }
}

function renderTable(table: TableView, wide: boolean): Rendered {
  if (table.rows.length === 0) return { stdout: '', stderr: endLine(table.empty) };
  const shown = [...table.columns.keys()].filter((index) => wide || table.columns[index]?.wide !== true);
  const pick = (row: readonly string[]): string[] => shown.map((index) => oneLine(row[index] ?? '') || '<none>');
  return toStdout(columns([pick(table.columns.map((column) => column.title.toUpperCase())), ...table.rows.map(pick)]));
}

/** A cell must not break its row or move the cursor. */
function oneLine(cell: string): string {
  return cell.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

function toStdout(text: string): Rendered {
  return { stdout: text, stderr: '' };
}

function endLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
