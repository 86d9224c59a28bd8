/** Where the settings of `kvctl serve` come from, and what is said of wrong ones. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EXIT, Failure } from '../src/failure.ts';
import { resolvePassword, resolveSettings, resolveUserPassword } from '../src/serve/resolve.ts';
import { SETTING_KEYS, SETTINGS, variableOf } from '../src/serve/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'quintet-settings-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(content: unknown): string {
  const path = join(folder, `${files++}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** The message and hint of the usage failure that `action` ends with. */
function failure(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.exitCode, EXIT.usage);
    return `${error.message} | ${error.hint ?? ''}`;
  }
  throw new Error('it should have failed');
}

test('settings: a flag wins over a variable, that over the file, that over the default', () => {
  const config = file({ nodes: 3, shards: 3, replicas: 0, 'max-memory': '1mb' });
  const env = { QUINTET_NODES: '4', QUINTET_SHARDS: '4', QUINTET_CHAOS: '' };
  const { nodes, shards, replicas, maxMemory, port, chaos } = resolveSettings({ nodes: 5 }, config, env);
  assert.deepEqual([nodes, shards, replicas, maxMemory, port, chaos], [5, 4, 0, 2 ** 20, 1338, false]);
  assert.equal(resolveSettings({}, undefined, { QUINTET_CONFIG: config }).nodes, 3);
  const other = file({ nodes: 9 });
  assert.equal(resolveSettings({}, other, { QUINTET_CONFIG: config }).nodes, 9, 'the flag --config wins too');
  assert.equal(resolveSettings({ replicas: 0 }, undefined, { QUINTET_REPLICAS: '3' }).replicas, 0, 'also a flag of 0');
});

test('settings: every one can be given in every way', () => {
  const values: Record<keyof typeof SETTINGS, readonly [text: string, value: unknown]> = {
    host: ['0.0.0.0', '0.0.0.0'],
    port: ['7000', 7000],
    nodes: ['2', 2],
    shards: ['4', 4],
    replicas: ['2', 2],
    maxMemory: ['1gb', 2 ** 30],
    eviction: ['allkeys-lru', 'allkeys-lru'],
    readCache: ['0', 0],
    maxValue: ['1mb', 2 ** 20],
    hangLimit: ['2s', 2000],
    watchHistory: ['100', 100],
    watchHistorySize: ['1mb', 2 ** 20],
    chaos: ['true', true],
    maxClients: ['10', 10],
    clientMemory: ['64mb', 2 ** 26],
    maxReply: ['128mb', 128 * 1024 ** 2],
    stallTimeout: ['90s', 90_000],
    idleTimeout: ['1m', 60_000],
    closeTimeout: ['5s', 5000],
    passwordFile: ['/secret', '/secret'],
    userPasswordFile: ['/secret-too', '/secret-too'],
    open: ['yes', true],
    tlsCert: ['cert.pem', 'cert.pem'],
    tlsKey: ['key.pem', 'key.pem'],
    tlsCa: ['ca.pem', 'ca.pem'],
    tlsOnly: ['yes', true],
    httpHosts: ['a.example, b.example', ['a.example', 'b.example']],
    logLevel: ['debug', 'debug'],
    logFormat: ['json', 'json'],
  };
  for (const key of SETTING_KEYS) {
    const [text, value] = values[key];
    assert.notDeepEqual(SETTINGS[key].fallback, value, `${key}: the test must not give the default`);
    assert.deepEqual(resolveSettings({}, undefined, { [variableOf(SETTINGS[key])]: text })[key], value, key);
    assert.deepEqual(resolveSettings({}, file({ [SETTINGS[key].name]: text }), {})[key], value, key);
  }
  const typed = file({ port: 7000, chaos: true, 'http-hosts': ['a.example', 'b.example'] });
  const { port, chaos, httpHosts } = resolveSettings({}, typed, {});
  assert.deepEqual([port, chaos, httpHosts], [7000, true, ['a.example', 'b.example']], "JSON's own types");
});

test('settings: what is wrong is said with its place', () => {
  const say = (content: unknown, env = {}): string => failure(() => resolveSettings({}, file(content), env));
  assert.match(say({ maxMemory: '1mb' }), /\.json: unknown key "maxMemory" \| did you mean max-memory\?/);
  assert.match(say({ colour: 'red' }), /unknown key "colour" \| kvctl serve --help lists them all/);
  assert.match(say({ nodes: 'many' }), /\.json: "nodes": "many" is no whole number from 1 to 64/);
  assert.match(say({ nodes: 65 }), /\.json: "nodes": "65" is no whole number from 1 to 64/);
  assert.match(say({ eviction: 'magic' }), /"eviction": Allowed choices are noeviction, allkeys-lru/);
  assert.match(say({ nodes: null }), /"nodes" must be a string, a number, true or false/);
  assert.match(say({ chaos: 'perhaps' }), /"chaos": "perhaps" is neither true nor false/);
  assert.match(say('{ "nodes": 5, }'), /is no JSON: /);
  assert.match(say('[1]'), /must hold a JSON object/);
  assert.match(say({ __proto__: 1, constructor: '1' }), /unknown key "constructor"/);
  assert.match(
    failure(() => resolveSettings({}, join(folder, 'none'), {})),
    /cannot read the configuration .*ENOENT/,
  );
  const env = (variables: Record<string, string>): string => failure(() => resolveSettings({}, undefined, variables));
  assert.match(env({ QUINTET_NODES: '0' }), /QUINTET_NODES: "0" is no whole number/);
  assert.match(
    env({ QUINTET_MAXMEMORY: '1mb' }),
    /unknown variable QUINTET_MAXMEMORY \| did you mean QUINTET_MAX_MEMORY\?/,
  );
  assert.match(env({ QUINTET_COLOUR: 'red' }), /unknown variable QUINTET_COLOUR/);
});

test('settings: what Kubernetes adds for a service called quintet is passed over', () => {
  const env = {
    QUINTET_PORT: 'tcp://10.0.0.1:1338',
    QUINTET_SERVICE_HOST: '10.0.0.1',
    QUINTET_SERVICE_PORT: '1338',
    QUINTET_SERVICE_PORT_RESP: '1338',
    QUINTET_PORT_1338_TCP: 'tcp://10.0.0.1:1338',
    QUINTET_PORT_1338_TCP_ADDR: '10.0.0.1',
    QUINTET_SERVER_SERVICE_HOST: '10.0.0.1',
    QUINTET_SERVER_PORT: 'tcp://10.0.0.1:1338',
    PATH: '/bin',
  };
  assert.equal(resolveSettings({}, undefined, env).port, 1338);
});

test('settings: the password has one place', () => {
  const secret = file('hunter2\n');
  const withFile = resolveSettings({ passwordFile: secret }, undefined, {});
  const without = resolveSettings({}, undefined, {});
  assert.equal(resolvePassword(withFile, {}, 'kvctl'), 'hunter2');
  assert.equal(resolvePassword(without, { QUINTET_PASSWORD: 'a' }, 'kvctl'), 'a');
  assert.equal(resolvePassword(without, { QUINTET_PASSWORD: '' }, 'kvctl'), 'kvctl');
  assert.equal(resolvePassword(without, {}, undefined), undefined);
  assert.match(
    failure(() => resolvePassword(withFile, { QUINTET_PASSWORD: 'a' }, undefined)),
    /not in both/,
  );
  const empty = resolveSettings({ passwordFile: file('\n') }, undefined, {});
  assert.match(
    failure(() => resolvePassword(empty, {}, undefined)),
    /is empty/,
  );
});

test('settings: a user password stands beside the other', () => {
  const withFile = resolveSettings({ userPasswordFile: file('app\n') }, undefined, {});
  const without = resolveSettings({}, undefined, {});
  assert.equal(resolveUserPassword(withFile, {}, 'root'), 'app');
  assert.equal(resolveUserPassword(without, { QUINTET_USER_PASSWORD: 'app' }, 'root'), 'app');
  assert.equal(resolveUserPassword(without, {}, 'root'), undefined);
  const say = (env: Record<string, string>, password?: string): string =>
    failure(() => resolveUserPassword(withFile, env, password));
  assert.match(say({ QUINTET_USER_PASSWORD: 'a' }, 'root'), /QUINTET_USER_PASSWORD or in a file, not in both/);
  assert.match(say({}), /needs a password for administration beside it/);
  assert.match(say({}, 'app'), /must not be/);
  assert.match(
    failure(() => resolveSettings({}, file({ 'user-password': 'app' }), {})),
    /user-password-file, or give it in QUINTET_USER_PASSWORD/,
  );
});

test('docs/configuration.md is what the table says', () => {
  const script = fileURLToPath(new URL('../../../scripts/pages/configuration.ts', import.meta.url));
  const args = ['--conditions=source', '--import', 'tsx', script, '--check'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
