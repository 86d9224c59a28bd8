/**
 * What an engine error is to the clients of each protocol: one row a code, kept exhaustive by the compiler.
 *
 * RESP   the error's text. Its first word is what clients match on: Redis's own where Redis has the case, else ERR.
 * HTTP   the status.
 * gRPC   3 INVALID_ARGUMENT, 4 DEADLINE_EXCEEDED, 8 RESOURCE_EXHAUSTED, 9 FAILED_PRECONDITION, 10 ABORTED, 1 CANCELLED,
 *        14 UNAVAILABLE, 15 DATA_LOSS, 2 UNKNOWN (the write may have been applied).
 */
import type { ErrorCode } from '@quintet/engine';

export interface ErrorMapping {
  readonly http: number;
  readonly grpc: number;
  readonly resp: string;
}

function face(http: number, grpc: number, resp: string): ErrorMapping {
  return { http, grpc, resp };
}

const UNKNOWN = 'outcome unknown:';

export const ERROR_FACES: { readonly [Code in ErrorCode]: ErrorMapping } = {
  INVALID_OPTION: face(400, 3, 'ERR an option is unknown or out of its range'),
  INVALID_KEY: face(400, 3, 'ERR invalid key'),
  INVALID_VALUE: face(400, 3, 'ERR the value cannot be stored'),
  INVALID_VERSION: face(400, 3, 'ERR a version must be a non-negative integer'),
  KEY_TOO_LARGE: face(414, 3, 'ERR key exceeds maximum allowed size'),
  VALUE_TOO_LARGE: face(413, 3, 'ERR string exceeds maximum allowed size (proto-max-bulk-len)'),
  NOT_A_NUMBER: face(409, 9, 'ERR value is not an integer or out of range'),
  WRONG_KIND: face(409, 9, 'WRONGTYPE Operation against a key holding the wrong kind of value'),
  OVERFLOW: face(409, 9, 'ERR increment or decrement would overflow'),
  OUT_OF_MEMORY: face(507, 8, "OOM command not allowed when used memory > 'maxmemory'."),
  BUSY: face(503, 8, 'BUSY too many operations are waiting, try again'),
  SHARD_LOST: face(503, 15, 'CLUSTERDOWN every copy of the shard is gone'),
  SHARD_LOST_IN_FLIGHT: face(
    500,
    15,
    `CLUSTERDOWN ${UNKNOWN} every copy of the shard died while the write was in flight`,
  ),
  TIMEOUT: face(504, 4, 'ERR no answer in time, the operation had not been sent'),
  TIMEOUT_IN_FLIGHT: face(504, 4, `ERR ${UNKNOWN} no answer in time, the write may still be applied`),
  ABORTED: face(499, 1, 'ERR the operation was given up before it was sent'),
  ABORTED_IN_FLIGHT: face(499, 1, `ERR ${UNKNOWN} the operation was given up, the write may still be applied`),
  CONFLICT: face(409, 10, 'ERR what the transaction had read was changed, try again'),
  TRANSACTION_TOO_LARGE: face(413, 3, 'ERR the transaction has too many keys or bytes'),
  WATCH_LAGGED: face(503, 14, 'ERR the watch fell behind'),
  CLOSED: face(503, 14, 'ERR the server is shutting down'),
  CLOSED_IN_FLIGHT: face(500, 2, `ERR ${UNKNOWN} the server is shutting down, the write may have been applied`),
  UNKNOWN_NODE: face(404, 3, 'ERR there is no such node'),
  UNKNOWN_SHARD: face(404, 3, 'ERR there is no such shard'),
  NOT_LOST: face(409, 9, 'ERR only a lost shard can be reset'),
  CHAOS_DISABLED: face(403, 9, 'ERR chaos is not allowed on this server, start it with chaos enabled'),
  START_FAILED: face(503, 14, 'ERR the nodes could not be started'),
};
