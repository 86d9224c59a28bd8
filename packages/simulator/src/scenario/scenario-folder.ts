/** Every text scenario of a folder: compared with what happens now, or rewritten. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Scenario } from './scenario.ts';
import { type Block, formatScenario, parseScenario } from './scenario-file.ts';

export interface ScenarioResult {
  readonly name: string;
  /** The file as it is, and as it would be if it were written now. */
  readonly expected: string;
  readonly actual: string;
}

export function playFolder(folder: string): ScenarioResult[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .sort();
  return names.map((name) => {
    const expected = readFileSync(join(folder, name), 'utf8');
    return { name, expected, actual: play(expected) };
  });
}

/** A scenario with the traces its commands give now. */
export function play(text: string): string {
  const scenario = new Scenario();
  const blocks = parseScenario(text).map((block): Block => ({ ...block, expected: scenario.run(block) }));
  return formatScenario(blocks);
}

/** Writes down what happens now; answers the names of the files that changed. */
export function rewriteFolder(folder: string): string[] {
  const changed = playFolder(folder).filter(({ expected, actual }) => expected !== actual);
  for (const { name, actual } of changed) writeFileSync(join(folder, name), actual);
  return changed.map(({ name }) => name);
}
