/** HTTP/1.1 requests as an attacker would make them. Bodies are commands of RESP: were one read as such, a canary would tell. */
import { request } from '../support/fake-transport.ts';
import { CANARY } from './canary-executor.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';

const METHODS: readonly string[] = [
  ...[
    'GET',
    'GET',
    'GET',
    'PUT',
    'PUT',
    'PUT',
    'DELETE',
    'HEAD',
    'POST',
    'OPTIONS',
    'PATCH',
    'TRACE',
    'M-SEARCH',
    'PURGE',
  ],
];

const PATHS: readonly string[] = [
  ...[
    '/v1/keys/a',
    '/v1/keys/b',
    '/v1/keys/a%20b',
    '/v1/keys/%00',
    '/v1/keys/%ff%fe',
    '/v1/keys/%',
    '/v1/keys/%zz',
    '/v1/keys/',
  ],
  ...[
    '/v1/keys?prefix=a',
    '/v1/keys?limit=2',
    '/v1/keys?limit=-1',
    '/v1/keys?prefix=%ff&keysOnly=true',
    '/v1/status',
    '/readyz',
  ],
  ...[
    '/healthz',
    '/',
    '//',
    '/v1/../v1/keys/a',
    '*',
    'http://evil.example/v1/keys/a',
    'http://',
    '/v1/keys/a#b',
    '/%2e%2e',
  ],
  ...['/v1/keys/__proto__', `/v1/keys/${'k'.repeat(600)}`, '/v1/keys/a?'],
];

/** Headers a parser takes, whatever we make of them. */
const HEADERS: readonly string[] = [
  ...[
    'Connection: keep-alive',
    'Expect: 100-continue',
    'Upgrade: h2c',
    'Connection: Upgrade, HTTP2-Settings',
    'X: \xe4',
  ],
  ...[
    'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA',
    'Origin: http://evil.example',
    'Origin: null',
    'Sec-Fetch-Site: cross-site',
  ],
  ...['If-Match: "1"', 'If-Match: *', 'If-Match: W/"1"', 'If-None-Match: *', 'If-None-Match: "1", "2"', 'Cookie: a=b'],
  ...[
    'Cache-Control: max-age=10',
    'Cache-Control: max-age=0',
    'Cache-Control: max-age=99999999999',
    'Content-Type: text/plain',
  ],
  ...[
    'Content-Type: application/json',
    'Authorization: Basic !!!',
    'Authorization: Bearer',
    'TE: trailers',
    'Trailer: X',
  ],
  ...[
    'Proxy-Connection: keep-alive',
    'Range: bytes=0-',
    'Accept-Encoding: gzip',
    'Host: evil.example',
    `X-Long: ${'x'.repeat(4000)}`,
  ],
];

/** Headers that end a connection: no parser may guess what was meant. */
const BREAKING: readonly string[] = [
  ...[
    'Connection: close',
    'Expect: x',
    'Host:',
    'X: \0',
    'Content-Length: -1',
    'Content-Length: 5, 5',
    'Content-Length : 5',
  ],
  ...[
    'Content-Length: 99999999999999999999',
    'Content-Length: +5',
    'Transfer-Encoding: gzip, chunked',
    ' folded: yes',
    'NoColon',
  ],
  ...[
    'Transfer-Encoding: chunked, gzip',
    'Transfer-Encoding:\x0bchunked',
    ': empty',
    'X\r: y',
    'X: y\rZ: w',
    'Upgrade: websocket',
  ],
];

const HOSTS: readonly string[] = [
  'localhost',
  'localhost',
  'LOCALHOST:1338',
  '127.0.0.1:1338',
  '[::1]',
  '127.0.0.1:99999',
];

/** What a confused RESP parser would run. */
const SMUGGLED: readonly string[] = [
  request('SET', `${CANARY}resp`, '1'),
  `SET ${CANARY}inline 1\r\n`,
  `\r\nSET ${CANARY}line 1\r\n\r\n`,
  request('MULTI') + request('SET', `${CANARY}multi`, '1') + request('EXEC'),
];

function body(random: Random): string {
  const roll = random.below(10);
  if (roll < 6) return random.pick(SMUGGLED);
  if (roll < 8) return random.bytes(random.below(60));
  return 'v'.repeat(random.below(random.chance(5) ? 20_000 : 500));
}

const EXTENSIONS: readonly string[] = ['', '', '', ';a=b', ';a="b;c"'];
const ODD_EXTENSIONS: readonly string[] = [';', ' ', '\t;x', ';x="\r"', '0', '\r', ';\n'];

function chunked(random: Random, content: string, extensions: readonly string[]): string {
  let text = '';
  for (let at = 0; at < content.length; ) {
    const chunk = content.slice(at, at + 1 + random.below(200));
    text += `${chunk.length.toString(16)}${random.pick(extensions)}\r\n${chunk}\r\n`;
    at += chunk.length;
  }
  return `${text}0\r\n${random.chance(10) ? 'X-Trailer: 1\r\n' : ''}\r\n`;
}

/** A request whose framing is right if `headers` are, whatever else it asks for. */
function compose(
  random: Random,
  method: string,
  headers: readonly string[],
  extensions: readonly string[] = EXTENSIONS,
): string {
  // The metrics are counted up from the whole server's state, so seldom.
  const path = random.chance(1) ? '/metrics' : random.pick(PATHS);
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${random.pick(HOSTS)}`, ...headers];
  const hasBody = method === 'PUT' || random.chance(8);
  if (!hasBody) return `${lines.join('\r\n')}\r\n\r\n`;
  const content = body(random);
  if (random.chance(40))
    return `${[...lines, 'Transfer-Encoding: chunked'].join('\r\n')}\r\n\r\n${chunked(random, content, extensions)}`;
  return `${[...lines, `Content-Length: ${content.length}`].join('\r\n')}\r\n\r\n${content}`;
}

function wellFormed(random: Random): string {
  const headers: string[] = [];
  while (random.chance(20)) headers.push(random.pick(HEADERS));
  return compose(random, random.pick(METHODS), headers);
}

/** Where two parsers may differ on where a body ends. */
const DESYNCS: readonly string[] = [
  'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n',
  'Transfer-Encoding: chunked\n\n5\nhello\n0\n\n',
  'Content-Length: 3\r\nContent-Length: 6\r\n\r\nabcdef',
  'Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n',
  'Transfer-Encoding: chunked\r\n\r\nffffffffffffffff5\r\nhello\r\n0\r\n\r\n',
  'Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n',
  `X: ${'x'.repeat(17_000)}\r\n\r\n`,
];

function broken(random: Random): string {
  if (random.chance(50)) return mutate(random, wellFormed(random));
  if (random.chance(50)) return compose(random, random.pick(METHODS), [random.pick(BREAKING)]);
  if (random.chance(30)) return compose(random, 'PUT', ['X: odd'], ODD_EXTENSIONS);
  if (random.chance(10)) return 'CONNECT localhost:1338 HTTP/1.1\r\nHost: localhost\r\n\r\n';
  return `PUT ${random.pick(PATHS)} HTTP/1.1\r\nHost: localhost\r\n${random.pick(DESYNCS)}${random.pick(SMUGGLED)}`;
}

/** What one client sends: requests of which about one in `sound` is broken. */
export function httpFrames(random: Random, count: number, sound: number): string {
  // The first line says HTTP and nothing else, or the connection would be another protocol's by right.
  let text = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
  for (let index = 1; index < count; index++) text += random.below(sound) > 0 ? wellFormed(random) : broken(random);
  return text;
}
