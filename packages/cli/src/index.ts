/** kvctl as a library: run a command line in a world of one's own (tests, scripts). */
export { EXIT, type ExitCode } from './failure.ts';
export type { Io } from './io.ts';
export { main, run } from './main.ts';
