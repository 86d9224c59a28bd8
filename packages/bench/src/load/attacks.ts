/** What clients can do to a server without breaking a rule of the protocol. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Attacks go on from `run` until the process is ended; `run` resolves when what it is about has been reached. */
export interface Attack {
  readonly title: string;
  /** Resolves with what was done, for the table. */
  readonly run: (port: number) => Promise<string>;
  /** Whether it is over when `run` resolves; else it is left to work for a while. */
  readonly ends: boolean;
  /** What the server is started with. */
  readonly server?: { readonly maxValueBytes?: number };
}

const MIB = 1024 * 1024;

function request(...args: string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
}

async function open(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  await once(socket, 'connect');
  // A server may cut off who attacks it.
  socket.on('error', () => {});
  return socket;
}

/** Writes as fast as it is taken, or until the socket is gone. */
async function send(socket: Socket, chunk: Buffer, times: number): Promise<void> {
  for (let time = 0; time < times && !socket.destroyed; time++) {
    if (!socket.write(chunk)) await taken(socket);
  }
}

function taken(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      socket.off('drain', go);
      socket.off('close', go);
      resolve();
    };
    socket.on('drain', go);
    socket.on('close', go);
  });
}

/** Resolves when so many bytes have come. */
function receive(socket: Socket, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = bytes;
    const onClose = (): void => reject(new Error('cut off'));
    const onData = (chunk: Buffer): void => {
      left -= chunk.length;
      if (left > 0) return;
      socket.off('data', onData);
      socket.off('close', onClose);
      resolve();
    };
    socket.on('data', onData);
    socket.on('close', onClose);
  });
}

async function store(port: number, key: string, value: string): Promise<void> {
  const socket = await open(port);
  const done = receive(socket, '+OK\r\n'.length);
  socket.write(request('SET', key, value));
  await done;
  socket.destroy();
}

/** Sends and never reads. Begins again when it is cut off. */
async function neverReads(port: number): Promise<string> {
  await store(port, 'wide', 'w'.repeat(64 * 1024));
  const chunk = Buffer.from(request('GET', 'wide').repeat(1000));
  const flood = async (): Promise<never> => {
    for (;;) await send(await open(port), chunk, Number.POSITIVE_INFINITY);
  };
  for (let client = 0; client < 4; client++) void flood();
  return '4 clients, GETs of 64 KiB';
}

const AT_ONCE = 100;

/** Connections that have each said something, and so have their session, not only a place in a queue of the kernel. */
async function openMany(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    // Each source address has ports of its own.
    const address = `127.0.0.${1 + Math.floor(sockets.length / 5000)}`;
    const batch = Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, async () => {
      const socket = await open(port, address);
      const answered = receive(socket, '+PONG\r\n'.length);
      socket.write('PING\r\n');
      await answered;
      return socket;
    });
    sockets.push(...(await Promise.all(batch)));
  }
  return sockets;
}

/** Many clients, each a byte a second of a request that announces much. */
async function byteASecond(port: number): Promise<string> {
  const clients = 1000;
  const head = `*3\r\n$3\r\nSET\r\n$4\r\nslow\r\n$${8 * MIB}\r\n`;
  const sockets = await openMany(port, clients);
  // What comes first at once, the rest a byte at a time, the clients one after the other.
  for (const socket of sockets) socket.write(head);
  let next = 0;
  setInterval(() => {
    for (let count = 0; count < clients / 100; count++) sockets[next++ % clients]!.write('x');
  }, 10);
  return `${clients} clients, each in the midst of 8 MiB`;
}

async function idle(port: number): Promise<string> {
  const sockets = await openMany(port, 10_000);
  return `${sockets.length} connections`;
}

const BULK = 64 * MIB;

/** Stored and read back a few times. */
async function largeBulk(port: number, bytes: number): Promise<string> {
  const rounds = 6;
  const socket = await open(port);
  const value = Buffer.alloc(MIB, 'b');
  for (let round = 0; round < rounds; round++) {
    const stored = receive(socket, '+OK\r\n'.length);
    socket.write(`*3\r\n$3\r\nSET\r\n$4\r\nbulk\r\n$${bytes}\r\n`);
    await send(socket, value, bytes / MIB);
    socket.write('\r\n');
    await stored;
    const read = receive(socket, bytes);
    socket.write(request('GET', 'bulk'));
    await read;
  }
  return `${rounds} × SET and GET`;
}

/** Announced and sent, whatever is answered. */
async function refusedBulk(port: number): Promise<string> {
  const rounds = 8;
  const value = Buffer.alloc(MIB, 'b');
  for (let round = 0; round < rounds; round++) {
    const socket = await open(port);
    socket.resume();
    socket.write(`*3\r\n$3\r\nSET\r\n$4\r\nbulk\r\n$${BULK}\r\n`);
    await send(socket, value, 64);
    socket.destroy();
  }
  return `${rounds} × sent`;
}

const DEEP = 1_000_000;
const DEEP_KEYS = 1000;
const DEEP_VALUE = 'd'.repeat(64);

interface Deep {
  readonly chunk: Buffer;
  readonly times: number;
  readonly replyBytes: number;
}

function deep(make: (key: string) => string[], replyLength: number): Deep {
  const text = Array.from({ length: 10 * DEEP_KEYS }, (_, index) => request(...make(`key:${index % DEEP_KEYS}`))).join(
    '',
  );
  return { chunk: Buffer.from(text), times: DEEP / (10 * DEEP_KEYS), replyBytes: DEEP * replyLength };
}

const SETS = deep((key) => ['SET', key, DEEP_VALUE], '+OK\r\n'.length);
const GETS = deep((key) => ['GET', key], `$64\r\n${DEEP_VALUE}\r\n`.length);

async function pipeline(port: number, { chunk, times, replyBytes }: Deep): Promise<void> {
  const socket = await open(port);
  const done = receive(socket, replyBytes);
  await send(socket, chunk, times);
  await done;
  socket.destroy();
}

/** As clients do that block: not a reply is read before the last request is sent. */
async function blockingPipeline(port: number, { chunk, times, replyBytes }: Deep): Promise<void> {
  const socket = await open(port);
  await send(socket, chunk, times);
  await receive(socket, replyBytes);
  socket.destroy();
}

async function timed(work: () => Promise<unknown>): Promise<string> {
  const beganAt = performance.now();
  await work();
  return `done in ${((performance.now() - beganAt) / 1000).toFixed(1)} s`;
}

export const ATTACKS: Readonly<Record<string, Attack>> = {
  'never-reads': { title: 'sends and never reads', run: neverReads, ends: false },
  'byte-a-second': { title: 'a byte a second', run: byteASecond, ends: false },
  idle: { title: 'idle', run: idle, ends: false },
  'largest-bulk': { title: '16 MB bulks', run: (port) => largeBulk(port, 16 * MIB), ends: true },
  bulk: {
    title: '64 MB bulks, allowed',
    run: (port) => largeBulk(port, BULK),
    ends: true,
    server: { maxValueBytes: BULK },
  },
  'refused-bulk': { title: '64 MB bulks, beyond the limit', run: refusedBulk, ends: true },
  pipeline: {
    title: '1 M deep: SETs, then GETs',
    run: (port) => timed(() => pipeline(port, SETS).then(() => pipeline(port, GETS))),
    ends: true,
  },
  blocking: {
    title: '1 M deep, read when all is sent',
    run: (port) => timed(() => pipeline(port, SETS).then(() => blockingPipeline(port, GETS))),
    ends: true,
  },
};
