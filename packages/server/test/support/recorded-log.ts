/** A log that keeps what it is told. */
import { EventEmitter, once } from 'node:events';
import type { ServerLog } from '../../src/listen/log.ts';

export interface Told {
  readonly level: keyof ServerLog;
  readonly event: string;
  readonly fields: Record<string, unknown>;
}

export class RecordedLog implements ServerLog {
  readonly told: Told[] = [];
  private readonly emitter = new EventEmitter();

  debug(fields: object, event: string): void {
    this.add('debug', fields, event);
  }

  info(fields: object, event: string): void {
    this.add('info', fields, event);
  }

  warn(fields: object, event: string): void {
    this.add('warn', fields, event);
  }

  error(fields: object, event: string): void {
    this.add('error', fields, event);
  }

  /** The events of a name. */
  named(event: string): Told[] {
    return this.told.filter((told) => told.event === event);
  }

  /** Waits for the first event of a name. */
  async until(event: string): Promise<Told> {
    while (this.named(event).length === 0) await once(this.emitter, 'told');
    return this.named(event)[0]!;
  }

  private add(level: keyof ServerLog, fields: object, event: string): void {
    this.told.push({ level, event, fields: { ...fields } });
    this.emitter.emit('told');
  }
}
