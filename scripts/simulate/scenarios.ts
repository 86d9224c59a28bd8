/** `--scenarios`: do the text scenarios still give the traces written down? `--rewrite` writes them down. */
import { fileURLToPath } from 'node:url';
import { playFolder, rewriteFolder } from '@quintet/simulator';

const FOLDER = fileURLToPath(new URL('../../packages/simulator/test/scenarios/', import.meta.url));

export function runScenarios(rewrite: boolean): boolean {
  if (rewrite) {
    const names = rewriteFolder(FOLDER);
    console.log(names.length === 0 ? 'nothing changed' : `rewritten, review the diff: ${names.join(' ')}`);
    return true;
  }
  const results = playFolder(FOLDER);
  for (const { name, expected, actual } of results)
    console.log(`${expected === actual ? 'ok     ' : 'DIFFERS'} ${name}`);
  return results.every(({ expected, actual }) => expected === actual);
}
