import { VickError } from '../../errors/vick-error.ts';
import type { PromptQuestion, Prompter } from '../talk.ts';

export interface PrompterOptions {
  readonly stdin: NodeJS.ReadStream;
  /** Prompts are talk: they go to stderr. */
  readonly stderr: NodeJS.WriteStream;
  /** Whether a person is there and may be asked. */
  readonly interactive: boolean;
  /** Answers every `confirm` with yes. */
  readonly yes: boolean;
}

/** Questions by inquirer, which is loaded by the first one. */
export function createPrompter(options: PrompterOptions): Prompter {
  const ask = async <T>(question: PromptQuestion, config: Record<string, unknown>): Promise<T> => {
    if (!options.interactive) throw unasked(question);
    const { default: inquirer } = await import('inquirer');
    const prompt = inquirer.createPromptModule({ input: options.stdin, output: options.stderr });
    try {
      const answers = (await prompt([{ name: 'answer', message: question.message, ...config }])) as { answer: T };
      return answers.answer;
    } catch (error) {
      if (error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError')) {
        throw new VickError('CANCELLED', 'Cancelled.', { cause: error });
      }
      throw error;
    }
  };
  const required = (value: string): string | true => (value.trim() === '' ? 'A value is needed.' : true);
  return {
    interactive: options.interactive,
    text: (question) => ask<string>(question, { type: 'input', validate: required }),
    secret: (question) => ask<string>(question, { type: 'password', mask: false, validate: required }),
    choose: (question) => ask<string>(question, { type: 'select', choices: [...question.choices] }),
    confirm: (question) => (options.yes ? Promise.resolve(true) : ask<boolean>(question, { type: 'confirm', default: question.default ?? false })),
  };
}

function unasked(question: PromptQuestion): VickError {
  return new VickError('USAGE', `${question.flag} is required: ${question.message}`, {
    hint: `There is no terminal to ask on (or asking was forbidden): give ${question.flag}.`,
  });
}
