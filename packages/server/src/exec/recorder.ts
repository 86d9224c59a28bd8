/**
 * Recorder: what queued commands would ask of the engine. EXEC has each handler run against it: operations become steps
 * of one transaction, and what to make of their results is kept until they are there.
 *
 * Owns      the steps in order, and for each command where its own are.
 * Does not  run anything. Only commands with keys are recorded; the others have no place in a transaction of the engine.
 */
import type { ExecutorLimits, Operation, Plan, Result, Step } from '@quintet/engine/internal';
import { plainResult, Status } from '@quintet/engine/internal';
import { sizeError } from '../engine/checked-executor.ts';
import { engineError, statusError } from '../engine/errors.ts';
import type { Encoder } from '../resp/encoder.ts';
import type { Answer, Finish } from '../session/reply-queue.ts';
import { asStep } from './steps.ts';

export type Recorded =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'steps'; readonly steps: readonly Step[]; readonly finish: Finish }
  | { readonly type: 'plan'; readonly plan: Plan<string> };

export class Recorder {
  /** What the command that was run last came to. */
  recorded: Recorded | null = null;
  private readonly encoder: Encoder;
  private readonly limits: ExecutorLimits;

  constructor(encoder: Encoder, limits: ExecutorLimits) {
    this.encoder = encoder;
    this.limits = limits;
  }

  text(text: string): void {
    this.recorded = { type: 'text', text };
  }

  plan(plan: Plan<string>): void {
    this.recorded = { type: 'plan', plan };
  }

  operation(operation: Operation, answer: Answer): void {
    if (operation.verb === 'transaction') {
      const all = (items: readonly Result[]) => answer({ ...plainResult(Status.ok, 0), items }, this.encoder);
      this.steps(operation.then, all);
      return;
    }
    this.steps([operation], (results) => answer(results[0]!, this.encoder));
  }

  /** Several operations with one reply. A failure of any is the reply. */
  steps(operations: readonly Operation[], finish: Finish): void {
    const steps: Step[] = [];
    for (const operation of operations) {
      const refusal = sizeError(operation, this.limits);
      if (refusal !== null) return this.text(engineError(refusal, ''));
      const step = asStep(operation);
      if (step === null) throw new Error(`${operation.verb} cannot be a step of a transaction`);
      steps.push(step);
    }
    this.recorded = { type: 'steps', steps, finish: (results) => failureOf(results) ?? finish(results) };
  }
}

function failureOf(results: readonly Result[]): string | null {
  for (const { status } of results) {
    const failure = statusError(status);
    if (failure !== null) return failure;
  }
  return null;
}
