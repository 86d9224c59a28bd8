/** One run of redis-benchmark, which must be on the PATH (Debian: apt-get install redis-tools). */
import { spawn } from 'node:child_process';

/** Requests a second by test, in the order redis-benchmark runs them. @throws with its output if there is anything else */
export async function runRedisBenchmark(
  port: number,
  tests: readonly string[],
  flags: readonly string[],
): Promise<Map<string, number>> {
  const args = ['-h', '127.0.0.1', '-p', String(port), '-t', tests.join(','), '-q', ...flags];
  const child = spawn('redis-benchmark', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => reject(new Error('redis-benchmark does not start', { cause })));
    child.once('close', resolve);
  });
  const rates = new Map<string, number>();
  // Progress is written over with carriage returns; what stays is a line for each test.
  const lines = output.split('\n').map((line) => line.slice(line.lastIndexOf('\r') + 1).trim());
  for (const line of lines.filter((text) => text !== '')) {
    const [, name, rate] = /^([A-Z]+(?: \(10 keys\))?): ([\d.]+) requests per second/.exec(line) ?? [];
    if (name === undefined) throw new Error(`redis-benchmark said: ${line}`);
    rates.set(name, Number(rate));
  }
  if (code !== 0 || rates.size !== tests.length) throw new Error(`redis-benchmark ended with ${code}:\n${output}`);
  return rates;
}
