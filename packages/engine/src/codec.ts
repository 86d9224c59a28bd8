/**
 * The door of `@quintet/engine/codec`: how structured values, positions and patterns of keys are written, for tools that read
 * and write what a cluster stores without running one. Loads nothing of the engine.
 */
export { Glob, MatchTooLong, type Pause, STEPS_A_TURN, StepBudget } from './client/codec/glob.ts';
export { DEPTH_MAX, OBJECTS_MAX } from './client/codec/msgpack-forms.ts';
export { packStructured, readStructured, structuredJson, unpackStructured } from './client/codec/structured.ts';
export { formatPosition, parsePosition } from './client/watch/watch-position.ts';
