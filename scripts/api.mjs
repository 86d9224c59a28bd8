// The public declarations of the published packages, as text, so that no change of them goes unseen: api/*.txt.
// What each door exports, and every declaration that is reached from there within the package; comments and private members
// are left out, all is sorted. Read from dist/, so build first.
//
//   node scripts/api.mjs            says what differs, exit code 1
//   node scripts/api.mjs --write    takes it over
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Doors for everybody. `@quintet/engine/internal` is for the other packages, which share its version; `/machines` is not published. */
const DOORS = {
  engine: ['index', 'codec'],
  server: ['index'],
  cli: ['index'],
  testkit: ['index'],
};
const DECLARED =
  /^(?:export )?(?:declare )?(?:default )?(?:abstract )?(?:class|interface|type|function|const|let|var|enum|namespace) (\w+)/;
const files = new Map();

/** `name`, `type name`, `name as other` → what it is called there and here. */
function namesOf(list) {
  const parts = list.split(',').map((part) => part.trim().replace(/^type /, ''));
  return parts.filter((part) => part !== '').map((part) => part.split(' as ').map((name) => name.trim()));
}

/** Statements begin in the first column, and no others do; tsc writes them so. */
function parse(file) {
  if (files.has(file)) return files.get(file);
  const at = (specifier) => join(dirname(file), specifier.replace(/\.[jt]s$/, '.d.ts'));
  const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/^\s*(private |#|\/\/)/.test(line));
  const parsed = { at, declared: new Map(), known: new Map(), exported: new Map(), stars: [] };
  for (const statement of lines.join('\n').split(/\n(?=[a-z])/)) {
    const from = / from ['"](\.[^'"]+)['"]/.exec(statement)?.[1];
    const list = /^(?:import|export)(?: type)?(?: \w+,)? \{([\s\S]*?)\}/.exec(statement)?.[1];
    const name = DECLARED.exec(statement)?.[1];
    if (name !== undefined) {
      const told = statement.trimEnd().replace(/^export (?=(declare|interface|type|default))/, '');
      parsed.declared.set(name, [parsed.declared.get(name), told].filter(Boolean).join('\n'));
      if (statement.startsWith('export ')) parsed.exported.set(name, { file, name });
    } else if (list !== undefined && statement.startsWith('import')) {
      if (from !== undefined)
        for (const [there, here = there] of namesOf(list)) parsed.known.set(here, { file: at(from), name: there });
    } else if (list !== undefined) {
      for (const [there, here = there] of namesOf(list))
        parsed.exported.set(here, { file: from === undefined ? file : at(from), name: there });
    } else if (/^export (type )?\*/.test(statement) && from !== undefined) parsed.stars.push(at(from));
  }
  files.set(file, parsed);
  return parsed;
}

/** Where a name that a file exports is declared. */
function declaring({ file, name }) {
  const { declared, exported, stars } = parse(file);
  if (declared.has(name)) return { file, name };
  const next = exported.get(name);
  if (next !== undefined && (next.file !== file || next.name !== name)) return declaring(next);
  for (const star of stars) {
    const found = declaring({ file: star, name });
    if (found !== undefined) return found;
  }
  return undefined;
}

function exportedNames(file) {
  const { exported, stars } = parse(file);
  return new Set([...exported.keys(), ...stars.flatMap((star) => [...exportedNames(star)])]);
}

function door(file) {
  const reached = new Map();
  const reach = (reference) => {
    const found = reference === undefined ? undefined : declaring(reference);
    if (found === undefined || reached.has(`${found.file}#${found.name}`)) return;
    const { at, declared, known } = parse(found.file);
    const text = declared.get(found.name);
    reached.set(`${found.file}#${found.name}`, text);
    for (const [word] of text.matchAll(/\b[A-Za-z_]\w*\b(?!\??[:(])/g))
      reach(declared.has(word) ? { file: found.file, name: word } : known.get(word));
    for (const [, from, name] of text.matchAll(/import\(['"](\.[^'"]+)['"]\)\.(\w+)/g)) reach({ file: at(from), name });
  };
  const names = [...exportedNames(file)].sort();
  for (const name of names) reach({ file, name });
  return `exports ${names.join(', ')}\n\n${[...reached.values()].sort().join('\n\n')}\n`;
}

function snapshot(name) {
  return DOORS[name]
    .map((of) => {
      const title = `@quintet/${name}${of === 'index' ? '' : `/${of}`}`;
      return `# ${title}\n\n${door(join('packages', name, 'dist', `${of}.d.ts`))}`;
    })
    .join('\n');
}

mkdirSync('api', { recursive: true });
for (const name of Object.keys(DOORS)) {
  const path = join('api', `${name}.txt`);
  const now = snapshot(name);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (now === before) continue;
  if (process.argv.includes('--write')) {
    writeFileSync(path, now);
    console.log(`wrote ${path}`);
    continue;
  }
  const known = new Set(before.split('\n'));
  const current = new Set(now.split('\n'));
  for (const line of known) if (!current.has(line)) console.log(`- ${line}`);
  for (const line of current) if (!known.has(line)) console.log(`+ ${line}`);
  console.log(
    `${path}: the public declarations have changed. Meant? Run node scripts/api.mjs --write and add a changeset.`,
  );
  process.exitCode = 1;
}
