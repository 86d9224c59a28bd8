import { VERSION } from '@quintet/engine/internal';

/** What the server says it is. Clients switch features on by the Redis version, whose commands we speak. */
export const REDIS_VERSION = '7.0.15';
export const QUINTET_VERSION = VERSION;
