/**
 * What an engine error is to an HTTP and to a gRPC client: one row per code, kept exhaustive by the compiler. (RESP's face is
 * in errors.ts.) gRPC's numbers: 3 INVALID_ARGUMENT, 4 DEADLINE_EXCEEDED, 8 RESOURCE_EXHAUSTED, 9 FAILED_PRECONDITION,
 * 10 ABORTED, 1 CANCELLED, 14 UNAVAILABLE, 15 DATA_LOSS, 2 UNKNOWN (the write may have been applied).
 */
import type { ErrorCode } from '@quintet/engine';

export interface ErrorFace {
  readonly http: number;
  readonly grpc: number;
}

function face(http: number, grpc: number): ErrorFace {
  return { http, grpc };
}

export const ERROR_FACES: Record<ErrorCode, ErrorFace> = {
  INVALID_OPTION: face(400, 3),
  INVALID_KEY: face(400, 3),
  INVALID_VALUE: face(400, 3),
  INVALID_VERSION: face(400, 3),
  KEY_TOO_LARGE: face(414, 3),
  VALUE_TOO_LARGE: face(413, 3),
  NOT_A_NUMBER: face(409, 9),
  WRONG_KIND: face(409, 9),
  OVERFLOW: face(409, 9),
  OUT_OF_MEMORY: face(507, 8),
  BUSY: face(503, 8),
  SHARD_LOST: face(503, 15),
  SHARD_LOST_IN_FLIGHT: face(500, 15),
  TIMEOUT: face(504, 4),
  TIMEOUT_IN_FLIGHT: face(504, 4),
  ABORTED: face(499, 1),
  ABORTED_IN_FLIGHT: face(499, 1),
  CONFLICT: face(409, 10),
  TRANSACTION_TOO_LARGE: face(413, 3),
  WATCH_LAGGED: face(503, 14),
  CLOSED: face(503, 14),
  CLOSED_IN_FLIGHT: face(500, 2),
  UNKNOWN_NODE: face(404, 3),
  UNKNOWN_SHARD: face(404, 3),
  NOT_LOST: face(409, 9),
  CHAOS_DISABLED: face(403, 9),
  START_FAILED: face(503, 14),
};
