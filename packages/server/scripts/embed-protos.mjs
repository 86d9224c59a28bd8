// The build's second step, after tsc: writes dist/grpc/definitions.js anew, with what the files of proto/ say in it.
import { readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// protobufjs is proto-loader's own: the same version reads here what reads it there.
const require = createRequire(createRequire(import.meta.url).resolve('@grpc/proto-loader'));
const { Root } = require('protobufjs');

const folder = new URL('../proto/', import.meta.url);
const files = readdirSync(folder)
  .sort()
  .map((name) => new URL(name, folder).pathname);
const root = new Root();
root.loadSync(files, { keepCase: true });
const text = `import { library } from './library.js';
const OPTIONS = { keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true };
const JSON_DESCRIPTOR = ${JSON.stringify(root.toJSON())};
export function loadDefinitions() {
  return library.protoLoader.fromJSON(JSON_DESCRIPTOR, OPTIONS);
}
`;
writeFileSync(new URL('../dist/grpc/definitions.js', import.meta.url), text);
