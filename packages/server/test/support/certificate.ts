/** Certificates of one's own, for a day. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why a test that needs one is skipped, or false. */
export const NO_OPENSSL = spawnSync('openssl', ['version']).status === 0 ? false : 'needs openssl';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** One of localhost that is signed by itself. */
export function certificate(): Certificate {
  return inFolder((folder) => {
    openssl(folder, [
      'req',
      '-x509',
      ...NEW_KEY,
      '-days',
      '1',
      '-subj',
      '/CN=localhost',
      '-keyout',
      'key',
      '-out',
      'cert',
    ]);
    return { cert: read(folder, 'cert'), key: read(folder, 'key') };
  });
}

/** One that signs those of clients. */
export function authority(): Certificate & { sign(name: string): Certificate } {
  const own = certificate();
  const sign = (name: string): Certificate =>
    inFolder((folder) => {
      writeFileSync(join(folder, 'ca'), own.cert);
      writeFileSync(join(folder, 'ca-key'), own.key);
      openssl(folder, ['req', ...NEW_KEY, '-subj', `/CN=${name}`, '-keyout', 'key', '-out', 'request']);
      const signing = ['-CA', 'ca', '-CAkey', 'ca-key', '-CAcreateserial', '-days', '1'];
      openssl(folder, ['x509', '-req', '-in', 'request', ...signing, '-out', 'cert']);
      return { cert: read(folder, 'cert'), key: read(folder, 'key') };
    });
  return { ...own, sign };
}

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'quintet-tls-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function openssl(folder: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

function read(folder: string, name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}
