/** First bytes that leave it in doubt which protocol they begin, and what would be run if the doubt were decided twice. */
import { request } from '../support/fake-transport.ts';
import { CANARY } from './canary-executor.ts';
import { PREFACE } from './http2-frames.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';

const BEGINNINGS: readonly string[] = [
  ...[
    'GET / HTTP/1.1\r\n',
    'POST / HTTP/1.1\r\n',
    'PUT /v1/keys/a HTTP/1.1\r\n',
    'GET k\r\n',
    'GET k HTTP/1.1\n',
    'get k http/1.1\r\n',
  ],
  ...[
    'SET a HTTP/1.1\r\n',
    'GET  / HTTP/1.1\r\n',
    'GET / HTTP/1.1 \r\n',
    'GET / HTTP/2.0\r\n',
    'GET / HTTP/1.10\r\n',
    'Host: localhost\r\n',
  ],
  ...[
    'host:x\r\n',
    'POST\r\n',
    'POST \r\n',
    '\r\nPOST / HTTP/1.1\r\n',
    ' POST / HTTP/1.1\r\n',
    '\0POST / HTTP/1.1\r\n',
    'PRI * HTTP/1.1\r\n',
  ],
  ...[
    PREFACE,
    PREFACE.slice(0, 10),
    PREFACE.slice(0, 23),
    'PRI * HTTP/2.0\r\n\r\nSN\r\n\r\n',
    'PRI * HTTP/2.0\n\nSM\n\n',
    'PING\r\n',
    'P',
    'PR',
  ],
  ...[
    '*1\r\n$4\r\nPING\r\n',
    '*',
    '$1\r\n',
    '\r\n',
    '\n',
    '\x16\x03\x01\x02\x00\x01\x00',
    '\x16',
    '\x15\x03\x01\x00\x02\x01\x00',
    '\x80\x2e\x01',
  ],
  ...[
    'x'.repeat(100),
    '"GET / HTTP/1.1"\r\n',
    'GET /\r HTTP/1.1\r\n',
    'M-SEARCH * HTTP/1.1\r\n',
    'SOURCE / ICE/1.0\r\n',
    'a b HTTP/1.9\r\n',
  ],
];

/** A client's first message of TLS. */
export const CLIENT_HELLO = Buffer.from(
  'FgMBAPUBAADxAwOMdZcf2Nb4JmO+J0YMiVdHk6QT1qflrEAIy/q1hb4eGSArlTwX/CCjc4jWOI7xGBiJD/aXTOiJuaRF5t26utU93wAGEwHAKwD/' +
    'AQAAogAAAA4ADAAACWxvY2FsaG9zdAALAAQDAAECAAoABAACABcAIwAAABAADgAMAmgyCGh0dHAvMS4xABYAAAAXAAAADQAEAAIEAwArAAUEAwQD' +
    'AwAtAAIBAQAzAEcARQAXAEEEmo6SKddFBBjhfo1KT7DuVUfG53cGo0h8qkoK0r5s+0RFAbVQC1b3o69mhbkmYYRaV21SsTSLqCMAbtvFCDk20g==',
  'base64',
).toString('latin1');

/** What only RESP may run, and what only HTTP may. */
export const RESP_CANARY = `${CANARY}resp`;
export const HTTP_CANARY = `${CANARY}http`;

const PAYLOADS: readonly string[] = [
  request('SET', RESP_CANARY, '1'),
  `SET ${RESP_CANARY} 1\r\n`,
  `\r\nSET ${RESP_CANARY} 1\r\n\r\n`,
  `Host: localhost\r\nContent-Length: 1\r\n\r\n1PUT /v1/keys/${HTTP_CANARY} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n1`,
  `PUT /v1/keys/${HTTP_CANARY} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n1`,
  `Content-Length: 5\r\n\r\n`,
  `Host: localhost\r\n\r\n`,
];

export function firstBytes(random: Random): string {
  const begin = random.pick(BEGINNINGS);
  if (random.chance(2)) return begin + random.pick(['x', 'ab ', '\r']).repeat(9000);
  return random.chance(70) ? mutate(random, begin) : begin;
}

export function payload(random: Random): string {
  let text = '';
  for (let count = 1 + random.below(5); count > 0; count--) text += random.pick(PAYLOADS);
  return text;
}
