/**
 * PubSub: who listens to which channel and pattern, on this server.
 *
 * Owns      the two maps from names to sessions. A session keeps its own names too (SessionModes), for its count and its end.
 * Does not  store messages: who does not listen, or is cut off for not reading, misses them, as in Redis.
 */
import { type Glob, StepBudget } from '@quintet/engine/codec';
import { ownCopy } from '../resp/decoder.ts';
import { bulk } from '../resp/encoder.ts';
import type { Client } from '../session/client.ts';
import { matchPatterns } from './pattern-matching.ts';

interface Pattern {
  readonly text: string;
  readonly glob: Glob;
  readonly sessions: Set<Client>;
}

const MESSAGE = bulk('message');
const PATTERN_MESSAGE = bulk('pmessage');

export class PubSub {
  private readonly channels = new Map<string, Set<Client>>();
  private readonly patterns = new Map<string, Pattern>();

  get channelCount(): number {
    return this.channels.size;
  }

  get patternCount(): number {
    return this.patterns.size;
  }

  subscribe(session: Client, name: string): void {
    const channel = ownCopy(name);
    const modes = session.enterModes();
    modes.subscribed(modes.channels, channel);
    const sessions = this.channels.get(channel);
    if (sessions === undefined) this.channels.set(channel, new Set([session]));
    else sessions.add(session);
  }

  unsubscribe(session: Client, channel: string): void {
    session.modes?.unsubscribed(session.modes.channels, channel);
    const sessions = this.channels.get(channel);
    if (sessions?.delete(session) && sessions.size === 0) this.channels.delete(channel);
  }

  /** `glob`: `name` compiled. */
  subscribePattern(session: Client, name: string, glob: Glob): void {
    const text = ownCopy(name);
    const modes = session.enterModes();
    modes.subscribed(modes.patterns, text);
    const pattern = this.patterns.get(text);
    if (pattern !== undefined) pattern.sessions.add(session);
    else this.patterns.set(text, { text, glob, sessions: new Set([session]) });
  }

  unsubscribePattern(session: Client, text: string): void {
    session.modes?.unsubscribed(session.modes.patterns, text);
    const pattern = this.patterns.get(text);
    if (pattern?.sessions.delete(session) && pattern.sessions.size === 0) this.patterns.delete(text);
  }

  leave(session: Client): void {
    if (session.modes === null) return;
    for (const channel of session.modes.channels) this.unsubscribe(session, channel);
    for (const pattern of session.modes.patterns) this.unsubscribePattern(session, pattern);
  }

  /** Whether anybody would hear what is published to a channel of some name. */
  get hasListeners(): boolean {
    return this.channels.size > 0 || this.patterns.size > 0;
  }

  /**
   * Delivers to every subscription; how many there were. Who listens to the channel itself hears it whatever patterns there
   * are; who has patterns that take too long to compare loses the connection (pattern-matching.ts).
   */
  publish(channel: string, message: string): number {
    let receivers = 0;
    for (const session of this.channels.get(channel) ?? []) {
      session.push(session.encoder.push([MESSAGE, bulk(channel), bulk(message)]));
      receivers++;
    }
    if (this.patterns.size === 0) return receivers;
    const { matching, costly } = matchPatterns<Client, Pattern>(this.patterns.values(), channel);
    for (const session of costly) session.cutOff('costly-patterns');
    for (const { text, sessions } of matching) {
      for (const session of sessions) {
        session.push(session.encoder.push([PATTERN_MESSAGE, bulk(text), bulk(channel), bulk(message)]));
        receivers++;
      }
    }
    return receivers;
  }

  /** The channels somebody is subscribed to. */
  channelNames(glob: Glob): string[] {
    const budget = new StepBudget();
    return [...this.channels.keys()].filter((channel) => glob.matchesAll || glob.matches(channel, budget));
  }

  subscribers(channel: string): number {
    return this.channels.get(channel)?.size ?? 0;
  }
}
