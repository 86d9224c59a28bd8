/**
 * ScenarioFile: a text scenario: commands, and after each the full trace it must give.
 *
 *     # What this is about, and which bug it keeps.
 *     put a 1
 *     ----
 *     master → n1#1  request 1 put a="1"
 *     (blank line)
 *
 * Owns      the format: blocks of command lines, `----`, expected lines, a blank line. Lines beginning with # are kept.
 * Does not  know commands (scenario.ts).
 * Why       readable and reviewed as a diff; unlike a seed it survives a change of whoever draws, and tells its story.
 */

export interface Block {
  /** Comment lines before the command. */
  readonly comments: readonly string[];
  readonly commands: readonly string[];
  readonly expected: readonly string[];
}

const SEPARATOR = '----';

export function parseScenario(text: string): Block[] {
  const blocks: Block[] = [];
  for (const part of text.split(/\n{2,}/)) {
    const lines = part.split('\n').filter((line) => line !== '');
    const comments = lines.filter((line) => line.startsWith('#'));
    const rest = lines.filter((line) => !line.startsWith('#'));
    const at = rest.indexOf(SEPARATOR);
    const commands = at < 0 ? rest : rest.slice(0, at);
    const expected = at < 0 ? [] : rest.slice(at + 1);
    if (comments.length > 0 || commands.length > 0) blocks.push({ comments, commands, expected });
  }
  return blocks;
}

export function formatScenario(blocks: readonly Block[]): string {
  const parts = blocks.map(({ comments, commands, expected }) => {
    return [...comments, ...commands, ...(commands.length > 0 ? [SEPARATOR, ...expected] : [])].join('\n');
  });
  return `${parts.join('\n\n')}\n`;
}
