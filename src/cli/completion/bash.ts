import { spellingsOfFlag, type CompletionModel, type Place } from './model.ts';
import type { Completion } from '../spec.ts';

/** Runs on bash 3.2 (macOS) and without the bash-completion package. */
export function bashCompletion({ places, steps }: CompletionModel): string {
  return `# bash completion for vick. Generated from the command table: 'npm run generate'.
# Load it with: source <(vick completion bash)
_vick_step() {
  case "$1/$2" in
${steps.map(({ from, word, to }) => `    ${quote(`${from}/${word}`)}) REPLY=${quote(to)} ;;`).join('\n')}
    *) return 1 ;;
  esac
}

_vick_valued() {
  case "$1:$2" in
${places
  .filter((place) => place.valued.length > 0)
  .map((place) => `    ${place.valued.map((name) => quote(`${place.path}:${name}`)).join(' | ')}) return 0 ;;`)
  .join('\n')}
  esac
  return 1
}

_vick_value() {
  case "$1:$2" in
${valueCases(places)}
  esac
}

_vick_words() {
  case "$1" in
${places.map((place) => `    ${quote(place.path)}) REPLY=${quote(wordsOf(place).join(' '))} ;;`).join('\n')}
  esac
}

_vick_flags() {
  case "$1" in
${places.map((place) => `    ${quote(place.path)}) REPLY=${quote(place.flags.flatMap(spellingsOfFlag).join(' '))} ;;`).join('\n')}
  esac
}

_vick_complete() {
  local IFS=$' \\t\\n' line
  case "$2" in
    :file | :directory)
      compopt -o filenames 2>/dev/null
      IFS=$'\\n'
      if [ "$2" = :file ]; then COMPREPLY=($(compgen -f -- "$1")); else COMPREPLY=($(compgen -d -- "$1")); fi
      ;;
    *) COMPREPLY=($(compgen -W "$2" -- "$1")) ;;
  esac
}

_vick() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="" place="" word="" next="" REPLY="" i=1
  COMPREPLY=()
  while [ "$i" -lt "$COMP_CWORD" ]; do
    word="\${COMP_WORDS[i]}"
    next="\${COMP_WORDS[i + 1]}"
    i=$((i + 1))
    case "$word" in
      --) return ;;
      -*)
        # bash splits --flag=value into three words.
        if [ "$next" = "=" ] && [ "$i" -lt "$COMP_CWORD" ]; then i=$((i + 1)); fi
        if _vick_valued "$place" "$word" || [ "$next" = "=" ]; then prev="$word"; [ "$i" -lt "$COMP_CWORD" ] && { prev=""; i=$((i + 1)); }; fi
        ;;
      *) if _vick_step "$place" "$word"; then place="$REPLY"; fi ;;
    esac
  done
  if [ "$cur" = "=" ]; then cur=""; fi
  REPLY=""
  if [ -n "$prev" ]; then
    _vick_value "$place" "$prev"
  elif [ "\${cur#-}" != "$cur" ]; then
    _vick_flags "$place"
  else
    _vick_words "$place"
  fi
  _vick_complete "$cur" "$REPLY"
}

complete -F _vick vick
`;
}

function valueCases(places: readonly Place[]): string {
  const lines = places.flatMap((place) =>
    place.flags
      .filter((flag) => flag.value !== undefined && flag.value !== 'none')
      .map(
        (flag) =>
          `    ${spellingsOfFlag(flag)
            .map((name) => quote(`${place.path}:${name}`))
            .join(' | ')}) REPLY=${quote(values(flag.value))} ;;`,
      ),
  );
  return lines.length === 0 ? '    *) ;;' : lines.join('\n');
}

function wordsOf(place: Place): readonly string[] {
  return place.words.length > 0 ? place.words.map(({ word }) => word) : [values(place.argument)];
}

/** Words as a list, files and folders as a mark. */
function values(completion: Completion | undefined): string {
  if (completion === undefined || completion === 'none') return '';
  return typeof completion === 'string' ? `:${completion}` : completion.join(' ');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
