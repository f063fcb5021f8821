/** What a completion script needs to know of the command table, the same for every shell. */
import type { Completion, CommandSpec, FlagSpec } from '../spec.ts';
import { spellings, typedFlagsOf, usedGroups, valuedBelow, valuedFlags, visibleCommands, type Table } from '../table.ts';
import { GLOBAL_FLAGS } from '../specs/shared-flags.ts';

export interface CompletionModel {
  readonly places: readonly Place[];
  /** `from` + word → `to`, aliases included. Places are paths joined by spaces; the start is the empty text. */
  readonly steps: readonly { readonly from: string; readonly word: string; readonly to: string }[];
}

/** A point that the words typed so far lead to. */
export interface Place {
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly summary: string }[];
  readonly flags: readonly PlaceFlag[];
  /** Every spelling of a flag whose next word is its value; before the command's name, those of all commands to come. */
  readonly valued: readonly string[];
  /** What else may stand here: the values of the next argument. */
  readonly argument: Completion;
}

export interface PlaceFlag {
  readonly long: string;
  readonly short: string | undefined;
  readonly description: string;
  /** Absent for a switch. */
  readonly value: Completion | undefined;
}

export function completionModel(table: Table): CompletionModel {
  const groups = usedGroups(table);
  const commands = visibleCommands(table);
  const targets = [...groups, ...commands];
  const globals = GLOBAL_FLAGS.map(placeFlag);
  const places = [
    { path: '', words: wordsBelow([], targets), flags: [...globals, ROOT_VERSION], valued: valuedBelow(table, []), argument: 'none' as const },
    ...groups.map(({ path }) => ({
      path: path.join(' '),
      words: wordsBelow(path, targets),
      flags: globals,
      valued: valuedBelow(table, path),
      argument: 'none' as const,
    })),
    ...commands.map((spec) => ({
      path: spec.path.join(' '),
      words: [],
      flags: shown(spec),
      valued: valuedFlags(typedFlagsOf(spec)),
      argument: spec.args?.at(-1)?.completes ?? ('none' as const),
    })),
  ];
  const steps = targets.flatMap(({ path }) =>
    // The words before the last one are canonical in `from`; only the last one has spellings.
    [...new Set(spellings(table, path).map((words) => words.at(-1) ?? ''))].map((word) => ({ from: path.slice(0, -1).join(' '), word, to: path.join(' ') })),
  );
  return { places, steps };
}

export function spellingsOfFlag(flag: PlaceFlag): readonly string[] {
  return flag.short === undefined ? [flag.long] : [flag.short, flag.long];
}

const ROOT_VERSION: PlaceFlag = { long: '--version', short: undefined, description: 'print the version', value: undefined };

function wordsBelow(path: readonly string[], targets: readonly { readonly path: readonly string[]; readonly summary: string }[]): Place['words'] {
  return targets
    .filter((target) => target.path.length === path.length + 1 && path.every((word, index) => target.path[index] === word))
    .map((target) => ({ word: target.path.at(-1) ?? '', summary: target.summary }));
}

function shown(spec: CommandSpec): readonly PlaceFlag[] {
  return typedFlagsOf(spec)
    .filter((flag) => flag.hidden !== true)
    .map(placeFlag);
}

function placeFlag(flag: FlagSpec): PlaceFlag {
  return {
    long: `--${flag.name}`,
    short: flag.short === undefined ? undefined : `-${flag.short}`,
    description: flag.description,
    value: flag.kind === 'boolean' ? undefined : (flag.completes ?? flag.values ?? 'none'),
  };
}
