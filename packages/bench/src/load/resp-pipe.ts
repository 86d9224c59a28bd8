/**
 * RespPipe: one connection that sends commands without waiting for each other's replies, in few writes.
 *
 * Owns      the bytes not yet written, and how many replies are missing.
 * Does not  read replies, but their first line: for commands that answer one line. An error fails the benchmark.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const WRITE_BYTES = 64 * 1024;
/** Commands without a reply, at most. */
const AHEAD = 20_000;

export class RespPipe implements AsyncDisposable {
  private readonly socket: Socket;
  private text = '';
  private missing = 0;
  private rest = '';
  private last = '';
  private error: Error | undefined;
  private wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (data: string) => this.read(data));
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new Error('the server closed the connection')));
  }

  static async connect(port: number): Promise<RespPipe> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RespPipe(socket);
  }

  /** Resolves when more may be sent. */
  async send(command: readonly string[]): Promise<void> {
    this.missing += 1;
    this.text += `*${command.length}\r\n${command.map((part) => `$${part.length}\r\n${part}\r\n`).join('')}`;
    if (this.text.length >= WRITE_BYTES) await this.flush();
    if (this.missing >= AHEAD) await this.until(AHEAD / 2);
  }

  /** Resolves when nothing is missing. @throws what the server said instead */
  async answered(): Promise<void> {
    await this.until(0);
  }

  /** The one line it replies, without its sign. */
  async ask(...command: string[]): Promise<string> {
    await this.send(command);
    await this.answered();
    return this.last.slice(1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.removeAllListeners('close');
    this.socket.destroy();
  }

  private async until(missing: number): Promise<void> {
    await this.flush();
    while (this.missing > missing && this.error === undefined) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    if (this.error !== undefined) throw this.error;
  }

  private async flush(): Promise<void> {
    const { text } = this;
    this.text = '';
    if (text === '' || this.socket.write(text, 'latin1')) return;
    await once(this.socket, 'drain');
  }

  private read(data: string): void {
    const lines = (this.rest + data).split('\r\n');
    this.rest = lines.pop()!;
    const bad = lines.find((line) => line.startsWith('-'));
    if (bad !== undefined) this.fail(new Error(`the server said: ${bad}`));
    this.missing -= lines.length;
    this.last = lines.at(-1) ?? this.last;
    this.wake?.();
  }

  private fail(error: Error): void {
    this.error ??= error;
    this.wake?.();
  }
}
