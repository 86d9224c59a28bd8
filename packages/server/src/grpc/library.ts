/**
 * gRPC's four packages, optional peers of this one: whoever wants gRPC installs them. Loaded when the first HTTP/2 connection
 * comes; nothing else of grpc/ may use `library` before that, or import these packages but for types.
 * Webpack must not look for them, as it fails where it does not find them; esbuild lets an import fail that is awaited within `try`.
 */
import type * as Grpc from '@grpc/grpc-js';
import type * as ProtoLoader from '@grpc/proto-loader';
import type * as Reflection from '@grpc/reflection';
import type * as HealthCheck from 'grpc-health-check';

interface Library {
  readonly grpc: typeof Grpc;
  readonly protoLoader: typeof ProtoLoader;
  readonly reflection: typeof Reflection;
  readonly healthCheck: typeof HealthCheck;
}

export let library: Library;

/** Resolves to why they cannot be loaded, or to nothing once they are. */
export async function loadLibrary(): Promise<Error | undefined> {
  try {
    library = {
      grpc: await import(/* webpackIgnore: true */ '@grpc/grpc-js'),
      protoLoader: await import(/* webpackIgnore: true */ '@grpc/proto-loader'),
      reflection: await import(/* webpackIgnore: true */ '@grpc/reflection'),
      healthCheck: await import(/* webpackIgnore: true */ 'grpc-health-check'),
    };
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
