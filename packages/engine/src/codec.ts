/**
 * The door of `@quintet/engine/codec`: how structured values, positions and patterns of keys are written, for tools that read
 * and write what a cluster stores without running one. Loads msgpack and nothing of the engine.
 */
export { Glob, MatchTooLong, type Pause, STEPS_A_TURN, StepBudget } from './client/glob.ts';
export { packStructured, unpackStructured } from './client/structured.ts';
export { formatPosition, parsePosition } from './client/watch-position.ts';
