/**
 * Progress: how far an import or export is, on stderr: a bar for people on a terminal, JSON lines for programs, nothing
 * otherwise. Also measures the longest stall: the longest time without an answer while answers were due.
 */
import type { Context } from '../context.ts';
import { formatCount } from '../text/quantities.ts';

export type ProgressForm = 'auto' | 'bar' | 'json' | 'none';

interface Bar {
  update(bytes: number, payload: { text: string }): void;
  stop(): void;
}

const INTERVAL_MS = 50;

export class Progress {
  records = 0;
  longestStallMs = 0;
  readonly startedAt = performance.now();
  readonly #context: Context;
  readonly #form: ProgressForm;
  #bar: Bar | undefined;
  #bytes = 0;
  #lastAnswer = performance.now();
  #timer: NodeJS.Timeout | undefined;

  private constructor(context: Context, form: ProgressForm) {
    this.#context = context;
    this.#form = form === 'auto' ? (context.io.stderr.isTTY === true ? 'bar' : 'none') : form;
  }

  /** `totalBytes` 0: unknown, as with stdin. */
  static async start(context: Context, form: ProgressForm, totalBytes: number): Promise<Progress> {
    const progress = new Progress(context, form);
    if (progress.#form === 'bar' && totalBytes > 0) progress.#bar = await startBar(context, totalBytes);
    if (progress.#form !== 'none') progress.#timer = setInterval(() => progress.#show(), INTERVAL_MS);
    return progress;
  }

  get elapsedMs(): number {
    return performance.now() - this.startedAt;
  }

  answered(records: number): void {
    if (records === 0) return;
    const now = performance.now();
    // The first answer includes the start of the threads that parse: no stall of the server's.
    if (this.records > 0) this.longestStallMs = Math.max(this.longestStallMs, now - this.#lastAnswer);
    this.#lastAnswer = now;
    this.records += records;
  }

  read(bytes: number): void {
    this.#bytes = bytes;
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#show();
    if (this.#bar === undefined && this.#form === 'bar') this.#context.io.stderr.write('\n');
    this.#bar?.stop();
  }

  #show(): void {
    const { stderr } = this.#context.io;
    const perSecond = Math.round((this.records * 1_000) / Math.max(1, this.elapsedMs));
    if (this.#form === 'json') {
      stderr.write(`${JSON.stringify({ progress: { records: this.records, ms: Math.round(this.elapsedMs) } })}\n`);
      return;
    }
    const text = `${formatCount(this.records)} records, ${formatCount(perSecond)}/s`;
    if (this.#bar !== undefined) this.#bar.update(this.#bytes, { text });
    else stderr.write(`\r${text} `);
  }
}

async function startBar(context: Context, totalBytes: number): Promise<Bar> {
  const { default: cliProgress } = await import('cli-progress');
  const format = `${context.colors.cyan('{bar}')} {percentage}%  {text}`;
  const bar = new cliProgress.SingleBar({
    format,
    stream: context.io.stderr as NodeJS.WriteStream,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: true,
  });
  bar.start(totalBytes, 0, { text: '' });
  return bar;
}
