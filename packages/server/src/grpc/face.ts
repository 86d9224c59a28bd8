/** Who serves HTTP/2 connections: gRPC where its packages are installed, else who says that they are not. */
import type { ServerContext } from '../state/server-context.ts';
import { AbsentFace } from './absent-face.ts';
import type { GrpcFace } from './grpc-face.ts';
import { loadLibrary } from './library.ts';

export async function loadFace(context: ServerContext): Promise<GrpcFace | AbsentFace> {
  const failed = await loadLibrary();
  if (failed !== undefined) return new AbsentFace(context, failed);
  const { GrpcFace } = await import('./grpc-face.ts');
  return new GrpcFace(context);
}
