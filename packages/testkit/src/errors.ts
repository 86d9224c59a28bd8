/**
 * What the test kit throws. Match on `code`, which is stable; texts are for people and are not.
 *
 * | code            | class         | means                                                                     |
 * |-----------------|---------------|---------------------------------------------------------------------------|
 * | EVENT_NOT_SEEN  | EventNotSeen  | what a test waited for did not happen; `seen` is what happened instead    |
 * | LEAKED          | Leaked        | something is left over that keeps the process alive; `leaks` says what    |
 * | NOT_RECORDABLE  | NotRecordable | a call whose effect the checker could not judge; it was not sent          |
 * | NOT_LINEARIZABLE| NotLinearizable | a history that no order of its operations explains, or that could not be decided |
 * | NO_SERVER       | NoServer      | the address of a server was asked of a cluster started without one        |
 */

import type { Leak } from './kit/leak.ts';
import type { SeenEvent } from './kit/seen-event.ts';
import type { LinearizabilityReport } from './linearizability.ts';

/** A wait that ended without what it waited for. */
export class EventNotSeen extends Error {
  override readonly name = 'EventNotSeen';
  readonly code = 'EVENT_NOT_SEEN';
  /** What happened in the meantime, in order. */
  readonly seen: readonly SeenEvent[];

  constructor(message: string, seen: readonly SeenEvent[]) {
    super(message);
    this.seen = seen;
  }
}

/** Resources made while somebody watched (leak-watch.ts), and still there. */
export class Leaked extends Error {
  override readonly name = 'Leaked';
  readonly code = 'LEAKED';
  readonly leaks: readonly Leak[];

  constructor(leaks: readonly Leak[]) {
    super(`left behind:\n${leaks.map(({ text }) => `  ${text}`).join('\n')}`);
    this.leaks = leaks;
  }
}

/** A call that a recorder did not pass on, because the checker has no idea of what it does. */
export class NotRecordable extends Error {
  override readonly name = 'NotRecordable';
  readonly code = 'NOT_RECORDABLE';

  constructor(what: string) {
    super(
      `${what} cannot be judged by the checker, so it was not sent: make this call on what is not recorded, on other keys`,
    );
  }
}

/** The verdict on a history was not `ok`. An undecided history has shown nothing, so it counts too. */
export class NotLinearizable extends Error {
  override readonly name = 'NotLinearizable';
  readonly code = 'NOT_LINEARIZABLE';
  readonly report: LinearizabilityReport;

  constructor(report: LinearizabilityReport) {
    const { violations, undecided } = report;
    const doubts = undecided.length === 0 ? [] : [`not decided within the budget: keys ${undecided.join(', ')}`];
    super([...violations.map(({ text }) => text), ...doubts].join('\n\n'));
    this.report = report;
  }
}

/** `TestCluster.server` without the option `server`. */
export class NoServer extends Error {
  override readonly name = 'NoServer';
  readonly code = 'NO_SERVER';

  constructor() {
    super('this cluster was started without a server: TestCluster.start({ server: true })');
  }
}
