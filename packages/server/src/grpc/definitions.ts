/**
 * The services' definitions. In development they are read from proto/; the build (scripts/embed-protos.mjs) writes this module
 * anew with what the files say in it, so that no bundle has to take them along.
 */
import { fileURLToPath } from 'node:url';
import type { PackageDefinition } from '@grpc/proto-loader';
import { library } from './library.ts';

const NAMES = ['kvstore.server.v1', 'kvstore.server.v2'];
const OPTIONS = { keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true };

export function loadDefinitions(): PackageDefinition {
  const files = NAMES.map((name) => fileURLToPath(new URL(`../../proto/${name}.proto`, import.meta.url)));
  return library.protoLoader.loadSync(files, OPTIONS);
}
