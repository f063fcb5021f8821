import type { Completion } from '../spec.ts';
import { spellingsOfFlag, type CompletionModel, type Place } from './model.ts';

/** For Windows PowerShell 5.1 and PowerShell 7. */
export function powershellCompletion({ places, steps }: CompletionModel): string {
  return `# PowerShell completion for vick. Generated from the command table: 'npm run generate'.
# Load it with: vick completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName 'vick' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $steps = @{
${steps.map(({ from, word, to }) => `        ${quote(`${from}/${word}`)} = ${quote(to)}`).join('\n')}
    }
    $valued = @(${places.flatMap((place) => place.valued.map((name) => quote(`${place.path}:${name}`))).join(', ')})
    $values = @{
${places.flatMap(valueLines).join('\n')}
    }
    $words = @{
${places.map((place) => `        ${quote(place.path)} = @(${wordsOf(place).map(pair).join(', ')})`).join('\n')}
    }
    $flags = @{
${places.map((place) => `        ${quote(place.path)} = @(${place.flags.flatMap((flag) => spellingsOfFlag(flag).map((name) => pair([name, flag.description]))).join(', ')})`).join('\n')}
    }

    $place = ''
    $previous = ''
    foreach ($element in ($commandAst.CommandElements | Select-Object -Skip 1)) {
        if ($element.Extent.EndOffset -ge $cursorPosition -and $wordToComplete -ne '') { break }
        $word = $element.ToString()
        if ($previous -ne '') { $previous = ''; continue }
        if ($valued -ccontains "\${place}:$word") { $previous = $word; continue }
        if ($steps.ContainsKey("$place/$word")) { $place = $steps["$place/$word"] }
    }

    if ($previous -ne '') {
        $candidates = @($values["\${place}:$previous"] | Where-Object { $_ } | ForEach-Object { , @($_, $_) })
    } elseif ($wordToComplete.StartsWith('-')) {
        $candidates = $flags[$place]
    } else {
        $candidates = $words[$place]
    }
    foreach ($candidate in $candidates) {
        if ($candidate[0].StartsWith($wordToComplete)) {
            [System.Management.Automation.CompletionResult]::new($candidate[0], $candidate[0], 'ParameterValue', $candidate[1])
        }
    }
}
`;
}

function valueLines(place: Place): readonly string[] {
  return place.flags.flatMap((flag) => {
    const list = listOf(flag.value);
    return list.length === 0 ? [] : spellingsOfFlag(flag).map((name) => `        ${quote(`${place.path}:${name}`)} = @(${list.map(quote).join(', ')})`);
  });
}

function wordsOf(place: Place): readonly (readonly [string, string])[] {
  return place.words.length > 0
    ? place.words.map(({ word, summary }) => [word, summary] as const)
    : listOf(place.argument).map((word) => [word, word] as const);
}

/** Files are left to PowerShell, which offers them when there is no candidate. */
function listOf(completion: Completion | undefined): readonly string[] {
  return completion === undefined || typeof completion === 'string' ? [] : completion;
}

function pair([name, text]: readonly [string, string]): string {
  return `, @(${quote(name)}, ${quote(text)})`.slice(2);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
