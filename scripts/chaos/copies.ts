/**
 * Copies: are all copies of a shard identical? Each is read, entry by entry, with nothing but the public API.
 *
 * Owns      how each copy is reached, and the comparison of value, version and deadline.
 * How       tail    an ordinary read goes straight to it
 *           head    a put whose condition cannot hold changes nothing and answers what the primary has (it, and no other
 *                   copy, evaluates writes)
 *           between killing the tail makes its predecessor the tail. That also ends what the node held of other shards,
 *                   so not every copy in between can be reached; the report says how many were.
 *           count   what the nodes say they hold must add up to copies x keys
 * Why not a checksum from the nodes: it would be their own word. A caller sees what a caller would see.
 */
import type { Cluster, ClusterStatus } from '@quintet/engine';
import type { Finding } from './evidence.ts';
import { inWindows } from './remains.ts';

/** Tells what a copy holds of one key; '' if nothing. */
type ReadKey = (key: string) => Promise<string>;

export interface CopiesReport {
  readonly compared: number;
  readonly copies: number;
  readonly findings: Finding[];
}

/** No entry ever has this version, so the condition always fails. */
const NO_SUCH_VERSION = Number.MAX_SAFE_INTEGER;
const FINDINGS_MAX = 20;
/** Nodes tell their counts a few times a second, and remove what expired at their own pace. */
const COUNT_LIMIT_MS = 5_000;

export class CopiesCheck {
  readonly #cluster: Cluster;
  readonly #expected = new Map<string, string>();
  readonly #keys = new Map<number, string[]>();
  readonly #findings: Finding[] = [];

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** The cluster must be settled and idle, and no entry about to expire. `keys`: all that may be anywhere. */
  async run(keys: ReadonlySet<string>): Promise<CopiesReport> {
    await this.#collect(keys);
    const { shards } = this.#cluster.status();
    const copies = shards.reduce((sum, { chain }) => sum + chain.length, 0);
    let compared = shards.length;
    const heads = shards.filter(({ chain }) => chain.length > 1);
    for (const { shard } of heads) await this.#compare(shard, 'head', this.#readHead);
    compared += heads.length;
    await this.#compareCounts();
    compared += await this.#compareBetween();
    return { compared, copies, findings: this.#findings };
  }

  /** What a scan finds besides the keys we know of; the tails set the standard for all. */
  async #collect(keys: ReadonlySet<string>): Promise<void> {
    const all = new Set(keys);
    for await (const key of this.#cluster.keys({ pageSize: 1024 })) all.add(String(key));
    for (const key of all) {
      const shard = this.#cluster.executor.shardOf(key);
      const list = this.#keys.get(shard);
      if (list === undefined) this.#keys.set(shard, [key]);
      else list.push(key);
    }
    await inWindows([...all], async (key) => {
      this.#expected.set(key, await this.#readTail(key));
    });
  }

  readonly #readTail: ReadKey = async (key) => {
    const entry = await this.#cluster.getEntry(key);
    return entry === undefined ? '' : `${entry.version} ${JSON.stringify(entry.value)}`;
  };

  readonly #readHead: ReadKey = async (key) => {
    const answer = await this.#cluster.put(key, '', { ifVersion: NO_SUCH_VERSION, returnPrevious: true });
    return answer.previous === undefined ? '' : `${answer.version} ${JSON.stringify(answer.previous)}`;
  };

  async #compare(shard: number, place: string, readKey: ReadKey): Promise<void> {
    const chain = this.#cluster.status().shards[shard]!.chain.join(' ');
    await inWindows(this.#keys.get(shard) ?? [], async (key) => {
      const expected = this.#expected.get(key)!;
      const actual = await readKey(key);
      if (actual !== expected) this.#find(key, `shard ${shard} (${chain}), ${place}: ${actual}, expected ${expected}`);
    });
  }

  /** Kills tails as long as that brings a copy to the end of its chain that was not read yet. */
  async #compareBetween(): Promise<number> {
    const unread = new Set(this.#cluster.status().shards.flatMap(between));
    let compared = 0;
    for (;;) {
      const status = this.#cluster.status();
      const victim = tailBehindMost(status, unread);
      if (victim === undefined) return compared;
      const reached = status.shards.filter(
        (shard) => shard.chain.at(-1) === victim && unread.has(copyBeforeTail(shard)),
      );
      this.#cluster.chaos.kill(victim);
      for (const shard of reached) {
        await this.#compare(shard.shard, 'between', this.#readTail);
        unread.delete(copyBeforeTail(shard));
        compared++;
      }
      await this.#cluster.settled({ timeoutMs: 20_000 });
      const alive = new Set(this.#cluster.status().shards.flatMap(({ chain }) => chain));
      for (const copy of unread) if (!alive.has(copy.split(' ')[1]!)) unread.delete(copy);
    }
  }

  /** The keys of all copies, as the nodes count them. */
  async #compareCounts(): Promise<void> {
    const deadline = performance.now() + COUNT_LIMIT_MS;
    for (;;) {
      const keys = await this.#cluster.count();
      const { nodes, shards } = this.#cluster.status();
      const wanted = shards.reduce((sum, { keys: held, inSync }) => sum + held * inSync, 0);
      const told = nodes.reduce((sum, node) => sum + node.keys, 0);
      if (told === wanted && shards.reduce((sum, { keys: held }) => sum + held, 0) === keys) return;
      if (performance.now() > deadline) {
        this.#find('*', `the nodes count ${told} keys, ${wanted} are wanted for ${keys} keys`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #find(key: string, text: string): void {
    if (this.#findings.length < FINDINGS_MAX) this.#findings.push({ kind: 'copies', key, text, writes: 1 });
  }
}

type Shard = ClusterStatus['shards'][number];

/** `shard node` of every copy between head and tail. */
function between({ shard, chain }: Shard): string[] {
  return chain.slice(1, -1).map((node) => `${shard} ${node}`);
}

function copyBeforeTail({ shard, chain }: Shard): string {
  return `${shard} ${chain.at(-2)}`;
}

/** The tail whose death brings more unread copies to the end of a chain than it takes away; undefined if none is left. */
function tailBehindMost({ shards }: ClusterStatus, unread: ReadonlySet<string>): string | undefined {
  const tails = new Set(shards.filter((shard) => unread.has(copyBeforeTail(shard))).map(({ chain }) => chain.at(-1)!));
  const gain = (node: string): number => {
    const brought = shards.filter((shard) => shard.chain.at(-1) === node && unread.has(copyBeforeTail(shard)));
    return brought.length - shards.filter(({ shard }) => unread.has(`${shard} ${node}`)).length;
  };
  return [...tails].sort((a, b) => gain(b) - gain(a))[0];
}
