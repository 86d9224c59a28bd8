/** One connection to a server that speaks RESP, and what comes back byte for byte. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { request } from '../support/fake-transport.ts';
import { FAR_DATE_MS, FAR_SECONDS, type Request } from './commands.ts';

/** A request whose reply is known, and ends what is said. */
interface End {
  readonly request: Request;
  readonly reply: string;
}

/** Answered in every mode, and ends them all. */
export const RESET: End = { request: ['RESET'], reply: '+RESET\r\n' };
/** Ends nothing; not for a MULTI or a subscription. */
export const PAUSE: End = { request: ['PING', '--pause--'], reply: '$9\r\n--pause--\r\n' };

export class Conversation {
  private readonly socket: Socket;

  private constructor(socket: Socket) {
    this.socket = socket;
  }

  static async open(port: number): Promise<Conversation> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Conversation(socket);
  }

  /** Sends all requests at once, and gives the replies to them. */
  async say(requests: readonly Request[], end: End = RESET): Promise<string> {
    this.socket.write([...requests, end.request].map((args) => request(...args)).join(''), 'latin1');
    let text = '';
    while (!text.endsWith(end.reply)) {
      const [chunk] = (await once(this.socket, 'data')) as [Buffer];
      text += chunk.toString('latin1');
    }
    return text.slice(0, -end.reply.length);
  }

  close(): void {
    this.socket.destroy();
  }
}

/** What a relative deadline's reading may differ by: the servers are not asked in the same millisecond. */
const TOLERANCE_MS = 60_000;

/** Replaces what differs between two servers by words: readings of relative deadlines, and the fields of a HELLO. */
export function comparable(replies: string): string {
  const deadline = Date.now() + FAR_SECONDS * 1000;
  const anonymous = replies.replace(/(\$2\r\nid\r\n:)\d+/, '$1<id>').replace(/(\r\n)7\.0\.\d+(?=\r\n)/, '$1<version>');
  return anonymous.replace(/:(\d{6,14})\r\n/g, (whole, digits: string) => {
    const number = Number(digits);
    if (isNear(number * 1000, FAR_SECONDS * 1000)) return ':<seconds left>\r\n';
    if (isNear(number, FAR_SECONDS * 1000)) return ':<milliseconds left>\r\n';
    if (isNear(number, FAR_DATE_MS - Date.now())) return ':<milliseconds to the far date>\r\n';
    if (isNear(number * 1000, FAR_DATE_MS - Date.now())) return ':<seconds to the far date>\r\n';
    if (isNear(number * 1000, deadline)) return ':<deadline in seconds>\r\n';
    return isNear(number, deadline) ? ':<deadline in milliseconds>\r\n' : whole;
  });
}

function isNear(one: number, other: number): boolean {
  return Math.abs(one - other) < TOLERANCE_MS;
}
