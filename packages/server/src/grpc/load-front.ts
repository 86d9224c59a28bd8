/** Who serves HTTP/2 connections: gRPC where its packages are installed, else who says that they are not. */
import type { ServerContext } from '../state/server-context.ts';
import { AbsentGrpcFront } from './absent-front.ts';
import type { GrpcFront } from './grpc-front.ts';
import { loadLibrary } from './library.ts';

export async function loadFace(context: ServerContext): Promise<GrpcFront | AbsentGrpcFront> {
  const failed = await loadLibrary();
  if (failed !== undefined) return new AbsentGrpcFront(context, failed);
  const { GrpcFront } = await import('./grpc-front.ts');
  return new GrpcFront(context);
}
