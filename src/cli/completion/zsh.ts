import type { Completion } from '../spec.ts';
import { spellingsOfFlag, type CompletionModel, type Place } from './model.ts';

/** For a file named `_vick` in $fpath, and for sourcing after compinit. */
export function zshCompletion({ places, steps }: CompletionModel): string {
  return `#compdef vick
# zsh completion for vick. Generated from the command table: 'npm run generate'.
# Load it with: source <(vick completion zsh)
_vick() {
  local place='' word='' previous=''
  local -i i=2
  local -a commands flags
  while (( i < CURRENT )); do
    word=$words[i]
    (( i++ ))
    previous=''
    case $word in
      (--) _default; return ;;
      (-*)
        case "$place:$word" in
          (${places.flatMap((place) => place.valued.map((name) => quote(`${place.path}:${name}`))).join('|')})
            if (( i < CURRENT )); then (( i++ )); else previous=$word; fi ;;
        esac ;;
      (*)
        case "$place/$word" in
${steps.map(({ from, word, to }) => `          (${quote(`${from}/${word}`)}) place=${quote(to)} ;;`).join('\n')}
        esac ;;
    esac
  done
  if [[ -z $previous && $PREFIX == --*=* ]]; then
    previous=\${PREFIX%%=*}
    compset -P '*='
  fi
  if [[ -n $previous ]]; then
    case "$place:$previous" in
${valueCases(places)}
    esac
    return
  fi
  case $place in
${places.map(placeCase).join('\n')}
  esac
}

if [[ $funcstack[1] == _vick ]]; then _vick "$@"; else compdef _vick vick; fi
`;
}

function placeCase(place: Place): string {
  const described = (items: readonly (readonly [string, string])[]): string =>
    items.map(([name, text]) => quote(`${name.replaceAll(':', '\\:')}:${text.replaceAll(':', '\\:')}`)).join(' ');
  const flags = place.flags.flatMap((flag) => spellingsOfFlag(flag).map((name) => [name, flag.description] as const));
  const rest =
    place.words.length > 0
      ? `commands=(${described(place.words.map(({ word, summary }) => [word, summary] as const))}); _describe command commands`
      : action(place.argument);
  return `    (${quote(place.path)})
      if [[ $PREFIX == -* ]]; then
        flags=(${described(flags)})
        _describe -o flag flags
      else
        ${rest}
      fi ;;`;
}

function valueCases(places: readonly Place[]): string {
  const lines = places.flatMap((place) =>
    place.flags
      .filter((flag) => flag.value !== undefined && flag.value !== 'none')
      .map(
        (flag) =>
          `      (${spellingsOfFlag(flag)
            .map((name) => quote(`${place.path}:${name}`))
            .join('|')}) ${action(flag.value)} ;;`,
      ),
  );
  return [...lines, '      (*) ;;'].join('\n');
}

function action(completion: Completion | undefined): string {
  if (completion === undefined || completion === 'none') return ':';
  if (completion === 'file') return '_files';
  if (completion === 'directory') return '_files -/';
  return typeof completion === 'string' ? ':' : `compadd -- ${completion.map(quote).join(' ')}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
