/** A certificate of one's own, for a day. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why a test that needs one is skipped, or false. */
export const NO_OPENSSL = spawnSync('openssl', ['version']).status === 0 ? false : 'needs openssl';

export function certificate(): { cert: string; key: string } {
  const folder = mkdtempSync(join(tmpdir(), 'quintet-tls-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  spawnSync('openssl', [...args, '-subj', '/CN=localhost', '-keyout', key, '-out', cert]);
  const read = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  rmSync(folder, { recursive: true });
  return read;
}
