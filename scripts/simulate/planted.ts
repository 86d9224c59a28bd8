/** `--planted`: is every bug that is planted found, after how many seeds, and by which checker? */
import { bugNamed, PLANTED_BUGS, type PlantedBug, SeedPool } from '@quintet/simulator';
import type { CommandOptions } from './options.ts';

/** A bug that takes more seeds than this counts as missed. */
const SEEDS_MAX = 2000;

interface Row {
  readonly name: string;
  readonly rule: string;
  /** Seeds until it was found; null = it was not. */
  readonly seeds: number | null;
  readonly checker: string;
}

export async function huntPlanted({ planted, threads, json, commit }: CommandOptions): Promise<boolean> {
  const bugs = typeof planted === 'string' ? [bugNamed(planted)] : PLANTED_BUGS;
  if (!json)
    console.log(
      `commit ${commit}, ${bugs.length === 1 ? '1 planted bug' : `${bugs.length} planted bugs`}, at most ${SEEDS_MAX} seeds each\n\n${rowText(HEADING)}`,
    );
  const pool = new SeedPool(threads);
  const rows: Row[] = [];
  const queue = [...bugs];
  const drain = async (): Promise<void> => {
    for (let bug = queue.shift(); bug !== undefined; bug = queue.shift()) {
      const row = await hunt(pool, bug);
      rows.push(row);
      if (!json) console.log(rowText({ ...row, seeds: row.seeds === null ? 'MISSED' : String(row.seeds) }));
    }
  };
  try {
    await Promise.all(Array.from({ length: pool.threads }, drain));
  } finally {
    await pool.close();
  }
  const missed = rows.filter(({ seeds }) => seeds === null);
  if (json) console.log(JSON.stringify({ commit, bugs: rows.length, missed: missed.map(({ name }) => name), rows }));
  else console.log(`\n${rows.length - missed.length} of ${rows.length} found`);
  return missed.length === 0;
}

async function hunt(pool: SeedPool, { name, rule }: PlantedBug): Promise<Row> {
  const found = await pool.hunt(name, SEEDS_MAX);
  return { name, rule, seeds: found?.seeds ?? null, checker: found?.report.failure?.checker ?? '' };
}

const HEADING = { name: 'planted bug', seeds: 'seeds', checker: 'seen by', rule: 'rule left out' };

function rowText({
  name,
  seeds,
  checker,
  rule,
}: {
  name: string;
  seeds: string;
  checker: string;
  rule: string;
}): string {
  return `${name.padEnd(42)} ${seeds.padStart(6)}  ${checker.padEnd(18)} ${rule}`;
}
