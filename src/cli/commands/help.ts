import { renderHelp } from '../help.ts';
import { createStyle } from '../render/style.ts';
import type { CommandHandler } from '../spec.ts';
import { TABLE } from '../specs/index.ts';
import { HELP_TOPICS } from '../specs/help.ts';
import { renderTopic } from '../topics.ts';

export const runHelp: CommandHandler = (input, deps) => {
  const words = input.args['TOPIC'] as readonly string[];
  const topic = HELP_TOPICS.find((name) => words.length === 1 && name === words[0]);
  const style = createStyle(deps.streams.stdout.colour);
  return Promise.resolve({ data: null, text: topic === undefined ? renderHelp(TABLE, words, style) : renderTopic(topic, TABLE, style) });
};
