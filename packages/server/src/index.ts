/**
 * The public door of `@quintet/server`.
 */

export type { TlsOptions } from './access/tls.ts';
export { ServerStartError, type StartErrorCode } from './engine/errors.ts';
export { DEFAULT_LIMITS, type ServerLimits } from './listen/limits.ts';
export { type RunningServer, type ServerOptions, startServer } from './listen/listener.ts';
export type { ServerLog } from './listen/log.ts';
