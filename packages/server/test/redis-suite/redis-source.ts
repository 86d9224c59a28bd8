/**
 * The source of Redis 7.0.15 from Debian's archive, unpacked once into the OS's temporary folder. apt checks Debian's
 * signature; its own lists and settings are left alone.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const VERSION = '7.0.15';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const SOURCES = [
  'http://deb.debian.org/debian bookworm main',
  'http://deb.debian.org/debian-security bookworm-security main',
].map((archive) => `deb-src [signed-by=${KEYRING}] ${archive}\n`);

/** The folder of the source. Throws with what went wrong. */
export function redisSource(): string {
  const base = join(tmpdir(), 'quintet-redis-suite');
  const folder = join(base, `redis-${VERSION}`);
  if (existsSync(join(folder, 'runtest'))) return folder;
  for (const name of ['apt/lists/partial', 'apt/cache/archives/partial']) {
    mkdirSync(join(base, name), { recursive: true });
  }
  writeFileSync(join(base, 'apt/sources.list'), SOURCES.join(''));
  const settings = {
    'Dir::Etc::sourcelist': join(base, 'apt/sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': join(base, 'apt/lists'),
    'Dir::Cache': join(base, 'apt/cache'),
    'APT::Sandbox::User': 'root',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  run(base, 'apt-get', [...options, 'update']);
  run(base, 'apt-get', [...options, 'source', '--download-only', 'redis']);
  run(base, 'tar', ['xzf', `redis_${VERSION}.orig.tar.gz`]);
  return folder;
}

function run(cwd: string, command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.at(-1)} failed: ${error?.message ?? stderr}`);
}
