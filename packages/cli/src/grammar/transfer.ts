/** Many records at once: import and export. */
import { Option } from 'commander';
import { type Definer, delimiter, duration, examples, positiveDuration, whole } from './define.ts';

export function defineTransferCommands(definer: Definer): void {
  defineImport(definer);
  defineExport(definer);
}

function defineImport(definer: Definer): void {
  const command = definer
    .command(
      'import <file>',
      'Store every record of a file ("-": stdin): a JSON array, NDJSON or CSV.',
      async () => (await import('../commands/import.ts')).importFile,
    )
    .addOption(
      new Option('-f, --format <format>', 'otherwise by the file’s extension').choices(['json', 'ndjson', 'csv']),
    )
    .option(
      '-k, --key <template>',
      'a record’s key, such as city:{country}:{name}; without it the record has "key" and "value", as export writes them',
    )
    .option('--value <template>', 'its value, as text, such as {lat},{lng}; without it the whole record')
    .addOption(
      new Option('--as <kind>', 'how a whole record is stored').choices(['structured', 'text']).default('structured'),
    )
    .option('-d, --delimiter <char>', 'between the fields of CSV (tab for .tsv)', delimiter, ',')
    .option('--ttl <duration>', 'remove each after so long', positiveDuration)
    .option('--if-absent', 'leave keys that are there as they are')
    .addOption(new Option('--on-error <what>', 'after a bad record').choices(['skip', 'stop']).default('skip'))
    .option('--dry-run', 'read and check everything, store nothing')
    .option('--retry-for <duration>', 'how long to try again when the server is gone or busy', duration, 30_000)
    .option('--window <n>', 'records on their way at once', whole(1, 1_000_000), 4_096)
    .option('--threads <n>', 'threads that parse', whole(1, 64))
    .addOption(new Option('--progress <form>', 'on stderr').choices(['auto', 'bar', 'json', 'none']).default('auto'));
  command.options.find((option) => option.long === '--retry-for')?.default(30_000, '30s');
  examples(command, [
    "kvctl import cities.json --key 'city:{country}:{name}:{lat}:{lng}'",
    "kvctl import users.csv --key 'user:{id}' --value '{email}'",
    'kvctl export | kvctl -u other:1338 import - --format ndjson',
  ]);
}

function defineExport(definer: Definer): void {
  const command = definer
    .command(
      'export [file]',
      'Write all entries to a file (or stdout), in a form import reads.',
      async () => (await import('../commands/export.ts')).exportFile,
    )
    .addOption(
      new Option('-f, --format <format>', 'otherwise by the file’s extension; ndjson on stdout').choices([
        'json',
        'ndjson',
        'csv',
      ]),
    )
    .option('--prefix <text>', 'only keys that begin with it')
    .option('--keys <file>', 'only the keys in this file, one a line ("-": stdin); absent ones are an error at the end')
    .option('--retry-for <duration>', 'how long to try again when the server is gone or busy', duration, 30_000)
    .addOption(new Option('--progress <form>', 'on stderr').choices(['auto', 'bar', 'json', 'none']).default('auto'));
  command.options.find((option) => option.long === '--retry-for')?.default(30_000, '30s');
  examples(command, [
    'kvctl export backup.ndjson',
    'kvctl export cities.csv --prefix city:',
    'kvctl export | gzip > backup.ndjson.gz',
  ]);
}
