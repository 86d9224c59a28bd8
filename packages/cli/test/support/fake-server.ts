/**
 * A RESP server that does what a test says: answers, refuses, hangs up or stays silent. For the faults that a real server
 * cannot be asked to have. What the script leaves to it, it answers as a store of its own.
 */
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A reply in RESP, or what to do instead of one. */
export type Action = string | 'hang-up' | 'silence' | undefined;

export interface FakeServer extends AsyncDisposable {
  port: number;
  /** Every command so far, as latin1 text. */
  seen: string[][];
  /** Keys as they were stored, values as latin1 text. */
  stored: Map<string, string>;
  connections: number;
  /** `command`: one more has been seen. */
  events: EventEmitter;
}

export async function fakeServer(
  script: (args: string[], server: FakeServer) => Action = () => undefined,
): Promise<FakeServer> {
  const sockets = new Set<Socket>();
  const listener: Server = createServer((socket) => {
    sockets.add(socket);
    fake.connections += 1;
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    serve(socket, (args) => {
      args[0] = (args[0] ?? '').toUpperCase();
      fake.seen.push(args);
      fake.events.emit('command');
      return script(args, fake) ?? answer(args, fake);
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const fake: FakeServer = {
    port: (listener.address() as AddressInfo).port,
    seen: [],
    stored: new Map(),
    connections: 0,
    events: new EventEmitter(),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      if (!listener.listening) return;
      listener.close();
      await once(listener, 'close');
    },
  };
  return fake;
}

function serve(socket: Socket, act: (args: string[]) => Action): void {
  let held = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    held += chunk;
    for (let next = readCommand(held); next !== undefined; next = readCommand(held)) {
      held = held.slice(next.length);
      const action = act(next.args);
      if (action === 'hang-up') {
        held = '';
        socket.destroy();
        return;
      }
      if (action !== undefined && action !== 'silence') socket.write(action, 'latin1');
    }
  });
}

function readCommand(text: string): { args: string[]; length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (head === null) return undefined;
  const args: string[] = [];
  let at = head[0].length;
  for (let i = 0; i < Number(head[1]); i += 1) {
    const bulk = /^\$(\d+)\r\n/.exec(text.slice(at, at + 16));
    if (bulk === null) return undefined;
    const start = at + bulk[0].length;
    at = start + Number(bulk[1]) + 2;
    if (text.length < at) return undefined;
    args.push(text.slice(start, at - 2));
  }
  return { args, length: at };
}

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

function answer(args: string[], fake: FakeServer): string {
  const [command, verb, key = '', value = ''] = args;
  if (command === 'PING') return '+PONG\r\n';
  if (command === 'QUINTET' && verb === 'PUT') {
    fake.stored.set(key, value);
    return `*4\r\n${bulk('1')}${bulk('1')}$-1\r\n$-1\r\n`;
  }
  if (command === 'QUINTET' && verb === 'ENTRY') {
    const found = fake.stored.get(key);
    return found === undefined ? '$-1\r\n' : `*4\r\n${bulk('text')}${bulk(found)}${bulk('1')}${bulk('0')}`;
  }
  return `-ERR unknown command '${command}'\r\n`;
}
