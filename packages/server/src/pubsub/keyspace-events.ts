/**
 * KeyspaceEvents: changes of keys as messages on `__keyspace@0__:<key>` and `__keyevent@0__:<event>`, for those who set
 * notify-keyspace-events.
 *
 * Owns      the flags, and the engine's watch on all keys while the flags ask for anything.
 * Source    The watch tells of writes by anybody, in this server or beside it, but not by which command: whatever stores
 *           a value is `set`, also INCR, APPEND and RENAME's new key. New deadlines are no change of a value and not
 *           watched; EXPIRE and PERSIST say them here.
 */

import type { ErrorCode } from '@quintet/engine';
import type { Executor } from '@quintet/engine/internal';
import type { Incidents } from '../listen/incidents.ts';
import type { PubSub } from './pubsub.ts';

/** What of a change matters here. */
interface Change {
  readonly type: 'put' | 'delete' | 'expire' | 'evict' | 'clear';
  readonly key: string;
  /** Where asked for: what was there before; null = nothing. */
  readonly previous: object | null;
}

interface ChangeSource {
  watch(
    filter: { readonly text: string; readonly shard: null; readonly previous: boolean },
    from: null,
    sink: {
      onStart(): void;
      onChanges(changes: readonly Change[]): void;
      onProgress(): void;
      onEnd(code: ErrorCode): void;
    },
  ): { stop(): void };
}

/** Event classes in the order CONFIG GET prints them; those of other types than strings never happen. */
const CLASSES = 'g$lshzxetdn';
/** What `A` stands for: all but n (new keys). */
const ALL = 'g$lshzxetd';
const TARGETS = 'KEm';
const KNOWN = new Set(`${CLASSES}${TARGETS}A`);

const EVENT_OF: Readonly<Record<Exclude<Change['type'], 'clear'>, readonly [event: string, eventClass: string]>> = {
  put: ['set', '$'],
  delete: ['del', 'g'],
  expire: ['expired', 'x'],
  evict: ['evicted', 'e'],
};

export function areFlags(text: string): boolean {
  return [...text].every((flag) => KNOWN.has(flag));
}

export class KeyspaceEvents {
  private readonly executor: Executor;
  private readonly pubsub: PubSub;
  private readonly incidents: Incidents;
  private flags = new Set<string>();
  private watch: { stop(): void } | null = null;
  private watchesPrevious = false;

  constructor(executor: Executor, pubsub: PubSub, incidents: Incidents) {
    this.executor = executor;
    this.pubsub = pubsub;
    this.incidents = incidents;
  }

  /** The flags as CONFIG GET prints them. */
  get text(): string {
    const classes = [...ALL].every((flag) => this.flags.has(flag))
      ? 'A'
      : [...CLASSES].filter((flag) => this.flags.has(flag)).join('');
    return classes + [...TARGETS].filter((flag) => this.flags.has(flag)).join('');
  }

  /** REQUIRES areFlags(text). */
  configure(text: string): void {
    this.flags = new Set([...text].flatMap((flag) => (flag === 'A' ? [...ALL] : [flag])));
    this.adjustWatch();
  }

  stop(): void {
    this.watch?.stop();
    this.watch = null;
  }

  /** A key got a deadline, or lost it. */
  onDeadline(event: 'expire' | 'persist', key: string): void {
    this.tell(event, 'g', key);
  }

  private adjustWatch(): void {
    const wanted = (this.flags.has('K') || this.flags.has('E')) && [...'g$xen'].some((flag) => this.flags.has(flag));
    if (!wanted || this.watchesPrevious !== this.flags.has('n')) this.stop();
    if (wanted) this.watch ??= this.begin();
  }

  private begin(): { stop(): void } | null {
    if (!isChangeSource(this.executor)) return null;
    // Whether a key is new shows only by what was there before, which costs: changes bring it along.
    this.watchesPrevious = this.flags.has('n');
    return this.executor.watch({ text: '', shard: null, previous: this.watchesPrevious }, null, {
      onStart: () => {},
      onChanges: (changes) => {
        try {
          for (const change of changes) this.onChange(change);
        } catch (thrown) {
          this.incidents.bug(thrown);
        }
      },
      onProgress: () => {},
      onEnd: (code) => {
        this.watch = null;
        if (code === 'CLOSED') return;
        // It fell behind. Messages were missed: this is no log, as in Redis.
        this.incidents.trouble('keyspace-events-missed', { code });
        setImmediate(() => this.adjustWatch());
      },
    });
  }

  private onChange(change: Change): void {
    if (change.type === 'clear' || !this.pubsub.hasListeners) return;
    if (change.type === 'put' && this.watchesPrevious && change.previous === null) this.tell('new', 'n', change.key);
    const [event, eventClass] = EVENT_OF[change.type];
    this.tell(event, eventClass, change.key);
  }

  private tell(event: string, eventClass: string, key: string): void {
    if (!this.flags.has(eventClass)) return;
    if (this.flags.has('K')) this.pubsub.publish(`__keyspace@0__:${key}`, event);
    if (this.flags.has('E')) this.pubsub.publish(`__keyevent@0__:${event}`, key);
  }
}

function isChangeSource(executor: object): executor is ChangeSource {
  return 'watch' in executor && typeof executor.watch === 'function';
}
