import { missing } from './decode.ts';
import type { Operation, Query, QueryParameter } from './operation.ts';
import { frameworkError } from './replies.ts';

/** Reads and checks the query in alphabetical order of its parameters. Throws 422 with code 602 (missing) or 601 (wrong type). */
export function readQuery(operation: Operation, given: URLSearchParams): Query {
  const values = new Map<string, unknown>();
  for (const parameter of [...(operation.query ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const text = given.get(parameter.name);
    // An empty value counts as missing for a required parameter, and as absent for any other.
    if (text === null || text === '') {
      if (parameter.required === true) throw missing(parameter.name, 'query');
      continue;
    }
    values.set(parameter.name, read(parameter, text));
  }
  return {
    string: (name) => values.get(name) as string | undefined,
    int: (name) => values.get(name) as number | undefined,
    bool: (name) => values.get(name) as boolean | undefined,
    list: (name) => values.get(name) as readonly string[] | undefined,
  };
}

const TRUE_WORDS = new Set(['true', '1', 'yes', 'ok', 'y', 'on', 'selected', 'checked', 't', 'enabled']);

function read(parameter: QueryParameter, text: string): unknown {
  switch (parameter.type) {
    case 'string':
      return text;
    case 'csv':
      return text.split(',');
    case 'bool':
      // Unknown words count as false (go-openapi/swag ConvertBool).
      return TRUE_WORDS.has(text.toLowerCase());
    case 'date-time':
      if (Number.isNaN(Date.parse(text))) throw wrongType(parameter, text);
      return text;
    case 'int32':
    case 'int64': {
      const number = Number(text);
      if (!/^[+-]?\d+$/.test(text) || Math.abs(number) > (parameter.type === 'int32' ? 2 ** 31 : 2 ** 63)) throw wrongType(parameter, text);
      return number;
    }
  }
}

function wrongType(parameter: QueryParameter, text: string): Error {
  return frameworkError(422, `${parameter.name} in query must be of type ${parameter.type}: ${JSON.stringify(text)}`, 601);
}
