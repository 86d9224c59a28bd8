/** The commit that is simulated: without it a seed means nothing. */
import { execFileSync } from 'node:child_process';

export function commitHash(): string {
  try {
    const hash = git('rev-parse', '--short=12', 'HEAD');
    const changed =
      git('status', '--porcelain', '--', 'packages/engine/src', 'packages/simulator/src', 'packages/testkit/src') !==
      '';
    return changed ? `${hash}+changes` : hash;
  } catch {
    return 'unknown';
  }
}

function git(...args: string[]): string {
  return execFileSync('git', ['--no-optional-locks', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}
