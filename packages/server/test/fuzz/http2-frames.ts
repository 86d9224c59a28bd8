/** HTTP/2 frames as an attacker of a gRPC server would make them. A frame is one-byte text: head of nine bytes, payload. */
import { request } from '../support/fake-transport.ts';
import { CANARY } from './canary-executor.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';

export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export const Type = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goAway: 7,
  window: 8,
  more: 9,
};
const END_STREAM = 1;
const END_HEADERS = 4;

export function uint(value: number, bytes: number): string {
  let text = '';
  for (let at = bytes - 1; at >= 0; at--) text += String.fromCharCode(Math.floor(value / 256 ** at) & 0xff);
  return text;
}

export function frame(type: number, flags: number, stream: number, payload: string): string {
  return uint(payload.length, 3) + uint(type, 1) + uint(flags, 1) + uint(stream, 4) + payload;
}

/** The whole frames of a text. */
export function* readFrames(text: string): Generator<{ readonly type: number; readonly payload: string }> {
  for (let at = 0; at + 9 <= text.length; ) {
    const length = (text.charCodeAt(at) << 16) | (text.charCodeAt(at + 1) << 8) | text.charCodeAt(at + 2);
    const end = at + 9 + length;
    if (end > text.length) return;
    yield { type: text.charCodeAt(at + 3), payload: text.slice(at + 9, end) };
    at = end;
  }
}

/** HPACK's plainest form: a literal, nothing indexed, nothing compressed. */
function literal(text: string): string {
  if (text.length < 127) return uint(text.length, 1) + text;
  let rest = text.length - 127;
  let length = '\x7f';
  for (; rest >= 128; rest >>= 7) length += uint((rest & 0x7f) | 0x80, 1);
  return length + uint(rest, 1) + text;
}

export type Field = readonly [name: string, value: string];

export function headerBlock(fields: readonly Field[]): string {
  return fields.map(([name, value]) => `\0${literal(name)}${literal(value)}`).join('');
}

const SERVICES: readonly string[] = [
  ...[
    'kvstore.server.v1.ServerService/GetValue',
    'kvstore.server.v1.ServerService/PutValue',
    'grpc.health.v1.Health/Check',
  ],
  ...['Get', 'Put', 'Delete', 'PutMany', 'Scan', 'Watch', 'Status', 'None'].map(
    (name) => `kvstore.server.v2.KeyValueService/${name}`,
  ),
  ...['grpc.health.v1.Health/Watch', 'grpc.reflection.v1.ServerReflection/ServerReflectionInfo', '', '//', '\xff'],
];

const EXTRAS: readonly Field[] = [
  ...(['1n', '0S', '99999999H', '-1S', '1x', '', '100000000m'] as const).map((value): Field => ['grpc-timeout', value]),
  ...(['gzip', 'identity', 'snappy', 'x'] as const).map((value): Field => ['grpc-encoding', value]),
  ['grpc-accept-encoding', 'gzip,deflate'],
  ['authorization', 'Bearer \xff'],
  ['x-bin', '!!!'],
  ['x-long', 'x'.repeat(3000)],
  ['x', `${request('SET', `${CANARY}header`, '1')}`.replace(/[\r\n]/g, ' ')],
];

function callHeaders(random: Random): Field[] {
  const fields: Field[] = [
    [':method', random.chance(3) ? random.pick(['GET', 'PUT', 'CONNECT']) : 'POST'],
    [':scheme', 'http'],
    [':authority', 'localhost'],
    [':path', random.chance(3) ? random.pick(['/', '*', '/metrics', '/v1/keys/a']) : `/${random.pick(SERVICES)}`],
    ['content-type', random.chance(3) ? random.pick(['text/plain', 'application/grpc+json', '']) : 'application/grpc'],
    ['te', 'trailers'],
  ];
  while (random.chance(20)) fields.push(random.pick(EXTRAS));
  return fields;
}

function textField(number: number, text: string): string {
  return uint((number << 3) | 2, 1) + literal(text);
}

const SMUGGLED: readonly string[] = [
  request('SET', `${CANARY}resp`, '1'),
  `\r\nSET ${CANARY}inline 1\r\n`,
  `PUT /v1/keys/${CANARY}http HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n1`,
];

function message(random: Random): string {
  const key = random.pick(['a', 'b', '', 'c\xff', 'k'.repeat(40)]);
  const sound = textField(1, key) + (random.chance(50) ? textField(2, random.bytes(random.below(30))) : '');
  return random.chance(25) ? mutate(random, sound) : sound;
}

/** A message of gRPC: whether it is compressed, its length, itself. */
function envelope(random: Random): string {
  const content = random.chance(10) ? random.pick(SMUGGLED) : message(random);
  if (!random.chance(8)) return `\0${uint(content.length, 4)}${content}`;
  const lie = random.pick([0, content.length + 1, content.length - 1, 0x7fffffff, 0xffffffff, 0x01000001]);
  return `${random.pick(['\0', '\x01', '\x02'])}${uint(lie, 4)}${content}`;
}

/** One client's frames: streams get numbers in their order. */
export class Http2Client {
  private readonly random: Random;
  private stream = -1;

  constructor(random: Random) {
    this.random = random;
  }

  /** `count` frames or a few more, of which about one in `sound` breaks a rule. */
  frames(count: number, sound: number): string {
    const { random } = this;
    let text = PREFACE + frame(Type.settings, 0, 0, '');
    for (let index = 0; index < count; index++) text += random.below(sound) > 0 ? this.lawful() : this.lawless();
    return text;
  }

  /** What a server must take without ending the connection. */
  private lawful(): string {
    const { random } = this;
    const roll = random.below(100);
    if (roll < 14 || this.stream < 0) return this.call();
    if (roll < 45) return frame(Type.window, 0, 0, uint(1 + random.below(100), 4));
    if (roll < 60) return frame(Type.ping, 0, 0, random.bytes(8));
    if (roll < 75) return frame(Type.priority, 0, this.someStream(), uint(0, 4) + random.bytes(1));
    if (roll < 80) return frame(Type.settings, 0, 0, this.setting());
    if (roll < 85) return frame(10 + random.below(240), random.below(256), this.someStream(), random.pick(SMUGGLED));
    if (roll < 90) return frame(Type.reset, 0, this.someStream(), uint(random.below(16), 4));
    return frame(Type.window, 0, this.someStream(), uint(1 + random.below(1000), 4));
  }

  private someStream(): number {
    return Math.max(1, this.stream - 2 * this.random.below(4));
  }

  private setting(): string {
    const { random } = this;
    const [id, value] = random.pick([
      ...([
        [1, 0],
        [1, 4096],
        [1, 0xffffffff],
        [3, 0],
        [3, 100],
        [4, 65_535],
        [4, 0],
        [4, 1e6],
        [5, 16_384],
      ] as const),
      ...([
        [5, 0xffffff],
        [6, 0],
        [6, 0xffffffff],
        [8, 0],
        [99, 7],
      ] as const),
    ]);
    return uint(id, 2) + uint(value, 4);
  }

  /** A call with its message; its headers sometimes in several frames, its data too. */
  private call(): string {
    const { random } = this;
    this.stream += 2;
    const block = headerBlock(callHeaders(random));
    const at = random.below(block.length);
    const headers = random.chance(90)
      ? frame(Type.headers, END_HEADERS, this.stream, block)
      : frame(Type.headers, 0, this.stream, block.slice(0, at)) +
        frame(Type.more, END_HEADERS, this.stream, block.slice(at));
    const data = envelope(random);
    if (random.chance(85)) return headers + frame(Type.data, END_STREAM, this.stream, data);
    const cutAt = random.below(data.length);
    const rest = frame(Type.data, random.below(2), this.stream, data.slice(cutAt));
    return headers + frame(Type.data, 0, this.stream, data.slice(0, cutAt)) + rest;
  }

  private lawless(): string {
    const { random, stream } = this;
    if (random.chance(50)) return mutate(random, random.chance(50) ? this.call() : this.lawful());
    const anyType = random.below(12);
    const anyStream = random.pick([0, stream, stream + 1, stream + 2, 2, 0x7fffffff, 0xffffffff]);
    return random.pick([
      () => frame(anyType, random.below(256), anyStream, random.bytes(random.below(40))),
      () => frame(anyType, 0, anyStream, ''),
      () => frame(Type.window, 0, random.below(2) * stream, uint(random.pick([0, 0x7fffffff, 0xffffffff]), 4)),
      () => frame(Type.settings, random.below(2), anyStream, random.bytes(random.pick([5, 6, 7, 12]))),
      () =>
        frame(
          Type.settings,
          0,
          0,
          uint(random.pick([2, 4, 5]), 2) + uint(random.pick([2, 0x80000000, 1, 0xffffffff]), 4),
        ),
      () => frame(Type.more, END_HEADERS, stream, headerBlock([['x', 'y']])),
      () =>
        frame(Type.headers, 0, stream + 2, headerBlock(callHeaders(random))) + frame(Type.ping, 0, 0, random.bytes(8)),
      () => frame(Type.headers, 0x2d, stream + 2, random.bytes(1 + random.below(60))),
      () => frame(Type.push, END_HEADERS, stream, uint(2, 4)),
      () => frame(Type.goAway, 0, 0, uint(0, 8)),
      () => uint(0xffffff, 3) + uint(Type.data, 1) + uint(0, 1) + uint(stream, 4),
      () => random.pick(SMUGGLED),
      () => PREFACE,
    ])();
  }
}
