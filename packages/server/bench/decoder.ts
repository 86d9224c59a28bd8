// Parse rate of pipelined requests in 64 KiB chunks, cut anywhere, as sockets deliver them.
// node --conditions=source --import tsx packages/server/bench/decoder.ts
import { Decoder } from '../src/resp/decoder.ts';

const LIMITS = { requestArguments: 1_048_576, bulkBytes: 1 << 25, requestBytes: 1 << 26, lineBytes: 65_536 };
const CHUNK = 65_536;

function request(...args: string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
}

function chunksOf(text: string): Buffer[] {
  const all = Buffer.from(text, 'latin1');
  const chunks: Buffer[] = [];
  for (let at = 0; at < all.length; at += CHUNK) chunks.push(Buffer.from(all.subarray(at, at + CHUNK)));
  return chunks;
}

function measure(name: string, make: (index: number) => string, pieces = 1): void {
  const chunks = chunksOf(Array.from({ length: 50_000 }, (_, index) => make(index)).join(''));
  let best = 0;
  for (let round = 0; round < 12; round++) {
    const decoder = new Decoder(LIMITS);
    let requests = 0;
    let length = 0;
    const start = process.hrtime.bigint();
    for (const chunk of chunks) {
      const step = Math.ceil(chunk.length / pieces);
      for (let at = 0; at < chunk.length; at += step) {
        decoder.feed(pieces === 1 ? chunk : chunk.subarray(at, at + step));
        for (let args = decoder.next(); args !== null; args = decoder.next()) {
          requests++;
          length += args[1]!.length;
        }
      }
    }
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    if (requests !== 50_000 || length === 0) throw new Error(`parsed ${requests}`);
    best = Math.max(best, requests / seconds);
  }
  console.log(`${name.padEnd(34)} ${(best / 1e6).toFixed(2)} M requests/s`);
}

const key = (index: number): string => `key:${String(index).padStart(12, '0')}`;
measure('GET, key 16', (index) => request('GET', key(index)));
measure('SET, key 16, value 16', (index) => request('SET', key(index), 'x'.repeat(16)));
measure('SET, key 16, value 64', (index) => request('SET', key(index), 'x'.repeat(64)));
measure('SET, key 16, value 1024', (index) => request('SET', key(index), 'x'.repeat(1024)));
measure('SET, value 64, 1 KiB pieces', (index) => request('SET', key(index), 'x'.repeat(64)), 64);

const big = Buffer.from(request('SET', 'k', 'x'.repeat(16 << 20)), 'latin1');
const decoder = new Decoder(LIMITS);
const start = process.hrtime.bigint();
let found = 0;
for (let round = 0; round < 8; round++) {
  for (let at = 0; at < big.length; at += CHUNK) {
    decoder.feed(big.subarray(at, at + CHUNK));
    if (decoder.next() !== null) found++;
  }
}
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
console.log(`16 MiB value in 64 KiB pieces      ${((found * 16) / seconds).toFixed(0)} MiB/s, ${found} of 8`);
