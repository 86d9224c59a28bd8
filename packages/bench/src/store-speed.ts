/**
 * Processor nanoseconds per insert, update, get and remove: SlabStore against a Map in the same run.
 *
 * Run  node --conditions=source --import tsx packages/bench/src/store-speed.ts [keys] [rounds] [value bytes]
 *
 * "random" columns take the keys in another order than they were inserted in, so every access misses the caches;
 * "in order" columns take them as they were inserted, so the log (not the index) is read in sequence.
 */
import { mapPeer, median, newStore, type Peer, shuffled, storePeer, timeEach } from './store-keys.ts';

const keys = Number(process.argv[2] ?? 1_000_000);
const rounds = Number(process.argv[3] ?? 3);
const valueBytes = Number(process.argv[4] ?? 64);

const COLUMNS = ['insert', 'update random', 'update in order', 'get random', 'get in order', 'remove random'] as const;
type Figures = { [column in (typeof COLUMNS)[number]]: number };

/** One life of a peer: filled, overwritten, read and emptied. */
function measure(peer: Peer): Figures {
  const inserted = shuffled(keys, 1);
  let found = 0;
  const each = (order: Uint32Array, act: (key: string, value: string) => void) => timeEach(order, valueBytes, act);
  const get = (key: string) => {
    found += peer.get(key);
  };
  const insert = each(inserted, (key, value) => peer.put(key, value, 1));
  const bytes = (peer.bytes() / keys).toFixed(1);
  const figures = {
    insert,
    'update random': each(shuffled(keys, 2), (key, value) => peer.put(key, value, 2)),
    'update in order': each(inserted, (key, value) => peer.put(key, value, 3)),
    'get random': each(shuffled(keys, 3), get),
    'get in order': each(inserted, get),
    'remove random': each(shuffled(keys, 4), (key) => peer.remove(key)),
  };
  if (found !== 2 * keys * valueBytes) throw new Error(`${peer.name} lost something`);
  if (peer.bytes() > 0)
    console.log(`  ${peer.name} reserved ${bytes} bytes per key, ${peer.bytes()} bytes when emptied`);
  return figures;
}

function print(name: string, figures: readonly Figures[]): void {
  const cells = COLUMNS.map((column) => median(figures.map((figure) => figure[column])));
  console.log(name.padEnd(10) + cells.map((cell, i) => cell.toFixed(0).padStart(COLUMNS[i]!.length + 2)).join(''));
}

const slab: Figures[] = [];
const map: Figures[] = [];
console.log(`${keys} keys of 16 bytes, values of ${valueBytes} bytes; CPU ns per call, median of ${rounds} rounds`);
for (let round = 0; round < rounds; round++) {
  const store = newStore();
  slab.push(measure(storePeer(store)));
  store.release();
  map.push(measure(mapPeer()));
}
console.log(' '.repeat(10) + COLUMNS.map((column) => `  ${column}`).join(''));
print('SlabStore', slab);
print('Map', map);
