/** `--replay`: a recorded run, fed back. */
import { readFileSync } from 'node:fs';
import { describeAction, parseLog, replayWith } from '@quintet/simulator';
import type { CommandOptions } from './options.ts';

export function replayFile(file: string, { trace, json, commit }: CommandOptions): boolean {
  const { header, events } = parseLog(readFileSync(file, 'utf8'));
  const { seed, planted, options } = header;
  if (!json) {
    console.log(
      `commit ${commit} (recorded on ${header.commit}), seed ${seed}${planted === null ? '' : `, planted ${planted}`}`,
    );
    console.log(JSON.stringify(options));
  }
  if (trace) for (const event of events) console.log(`${event.at.toFixed(3)} ${describeAction(event)}`);
  const { report } = replayWith(options, events, planted);
  const { failure, traceHash } = report;
  if (json) console.log(JSON.stringify({ commit, recorded: header.commit, ...report }));
  else
    console.log(failure === null ? `no failure (any more), trace ${traceHash}` : `${failure.checker}: ${failure.text}`);
  return failure === null;
}
