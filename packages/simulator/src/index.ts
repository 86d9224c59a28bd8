/** The simulator, for scripts and tests of this repository. See docs/simulator.md. */
export { CHECKERS } from './checkers/index.ts';
export { describeAction, describeOperation, type Event } from './event.ts';
export { formatLog, type LogHeader, parseLog } from './event-log.ts';
export { type FailingRun, investigate, replayWith, runSeedWith } from './failing.ts';
export { drawOptions, type Options } from './options.ts';
export { bugNamed, Patch, PLANTED_BUGS, type PlantedBug, withBug } from './planted/index.ts';
export { SeedPool } from './pool.ts';
export { type Failure, type Figures, type Recording, type Report, replay, runSeed } from './run.ts';
export { playFolder, rewriteFolder, type ScenarioResult } from './scenario/scenario-folder.ts';
