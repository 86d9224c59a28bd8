/**
 * The public door of `@quintet/server`.
 */
export { ServerStartError, type StartErrorCode } from './errors.ts';
export { DEFAULT_LIMITS, type ServerLimits } from './limits.ts';
export { type RunningServer, type ServerOptions, startServer } from './listener.ts';
export type { ServerLog } from './log.ts';
export type { TlsOptions } from './tls.ts';
