/**
 * One peer of embedded-vs-redis in a process of its own, filled. Arguments: its name, the number of keys. Asked for a
 * verb and a number of callers, it says how many calls a second they made, each awaiting its own answers.
 */
import { Cluster } from '@quintet/engine';
import { BarePrototype } from '../bare-prototype.ts';
import { benchKey, benchValue } from '../mixed-load.ts';
import { OwnRedis } from '../own-redis.ts';

/** Who can be asked. */
export type PeerName = 'quintet' | 'ioredis' | 'bare';
/** What it is asked. */
export interface Question {
  readonly verb: 'put' | 'get';
  readonly callers: number;
  readonly seconds: number;
}

type Call = (key: string) => Promise<unknown>;
type Calls = Readonly<Record<Question['verb'], Call>>;

const CALLERS_OF_FILL = 1000;

const [name, keyCount] = process.argv.slice(2);
const keys = Array.from({ length: Number(keyCount) }, (_, index) => benchKey(index));
const value = benchValue(7);
const PEERS: Readonly<Record<PeerName, () => Promise<Calls>>> = {
  async quintet() {
    const cluster = await Cluster.start();
    return { put: (key) => cluster.put(key, value), get: (key) => cluster.get(key) };
  },
  async ioredis() {
    const { client } = await OwnRedis.start();
    return { put: (key) => client.set(key, value), get: (key) => client.get(key) };
  },
  async bare() {
    const prototype = new BarePrototype();
    return { put: (key) => prototype.put(key, value), get: (key) => prototype.get(key) };
  },
};

const calls = await PEERS[name as PeerName]();
for (let at = 0; at < keys.length; at += CALLERS_OF_FILL) {
  await Promise.all(keys.slice(at, at + CALLERS_OF_FILL).map(calls.put));
}
process.on('message', async (question: Question) => process.send!(await rateOf(question)));
// SIGTERM would leave a Redis behind: what ends it waits for 'exit'.
process.once('SIGTERM', () => process.exit());
process.once('disconnect', () => process.exit());
process.send!('filled');

async function rateOf({ verb, callers, seconds }: Question): Promise<number> {
  const call = calls[verb];
  const beganAt = performance.now();
  const endAt = beganAt + seconds * 1000;
  let done = 0;
  const loop = async (executor: number): Promise<void> => {
    for (let at = executor * 97; performance.now() < endAt; at += 7919) {
      await call(keys[at % keys.length]!);
      done++;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, executor) => loop(executor)));
  return (done / (performance.now() - beganAt)) * 1000;
}
