/**
 * gRPC's four packages, optional peers of this one: whoever wants gRPC installs them. Loaded when the first HTTP/2 connection
 * comes; nothing else of grpc/ may use `library` before that, or import these packages but for types.
 * Webpack must not look for them, as it fails where it does not find them; other bundlers take a failing import within `try`.
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
    const [grpc, protoLoader, reflection, healthCheck] = await Promise.all([
      import(/* webpackIgnore: true */ '@grpc/grpc-js'),
      import(/* webpackIgnore: true */ '@grpc/proto-loader'),
      import(/* webpackIgnore: true */ '@grpc/reflection'),
      import(/* webpackIgnore: true */ 'grpc-health-check'),
    ]);
    library = { grpc, protoLoader, reflection, healthCheck };
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
