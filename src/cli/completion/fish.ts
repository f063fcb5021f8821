import type { Completion } from '../spec.ts';
import type { CompletionModel, Place, PlaceFlag } from './model.ts';

export function fishCompletion({ places, steps }: CompletionModel): string {
  return `# fish completion for vick. Generated from the command table: 'npm run generate'.
# Load it with: vick completion fish | source
function __vick_place
    set -l place ''
    set -l skip 0
    set -l tokens (commandline -opc)
    for word in $tokens[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case '-*'
                switch "$place:$word"
                    case ${places.flatMap((place) => place.valued.map((name) => quote(`${place.path}:${name}`))).join(' ')}
                        set skip 1
                end
            case '*'
                switch "$place/$word"
${steps.map(({ from, word, to }) => `                    case ${quote(`${from}/${word}`)}\n                        set place ${quote(to)}`).join('\n')}
                end
        end
    end
    echo $place
end

function __vick_at
    set -l place (__vick_place)
    test "$place" = "$argv[1]"
end

complete -c vick -f
${places.flatMap(placeLines).join('\n')}
`;
}

function placeLines(place: Place): readonly string[] {
  const start = `complete -c vick -n ${quote(`__vick_at ${quote(place.path)}`)}`;
  return [
    ...place.words.map(({ word, summary }) => `${start} -a ${quote(word)} -d ${quote(summary)}`),
    ...argumentLines(start, place.argument),
    ...place.flags.map((flag) => flagLine(start, flag)),
  ];
}

function argumentLines(start: string, argument: Completion): readonly string[] {
  if (argument === 'none') return [];
  if (argument === 'file') return [`${start} -F`];
  if (argument === 'directory') return [`${start} -a '(__fish_complete_directories)'`];
  return typeof argument === 'string' ? [] : [`${start} -a ${quote(argument.join(' '))}`];
}

function flagLine(start: string, flag: PlaceFlag): string {
  const names = `${flag.short === undefined ? '' : ` -s ${flag.short.slice(1)}`} -l ${flag.long.slice(2)}`;
  return `${start}${names}${valueOf(flag.value)} -d ${quote(flag.description)}`;
}

function valueOf(value: Completion | undefined): string {
  if (value === undefined) return '';
  if (value === 'none') return ' -x';
  if (value === 'file') return ' -r -F';
  if (value === 'directory') return " -x -a '(__fish_complete_directories)'";
  return typeof value === 'string' ? ' -x' : ` -x -a ${quote(value.join(' '))}`;
}

/** fish knows two escapes inside single quotes. */
function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
