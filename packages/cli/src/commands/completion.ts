/**
 * kvctl completion: scripts for bash, zsh and fish, made from the very command tree that parses, so that they cannot fall
 * behind it. All three complete commands, subcommands and options.
 */
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode, usageFailure } from '../failure.ts';

interface Leaf {
  /** `chaos kill`, or '' for kvctl itself. */
  path: string;
  words: { name: string; description: string }[];
}

export async function completion(context: Context, [shell]: [string], program: Command): Promise<ExitCode> {
  const scripts: Readonly<Record<string, (leaves: Leaf[]) => string>> = { bash, zsh, fish };
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined) throw usageFailure(`no completion for "${shell}"`, 'there is bash, zsh and fish');
  context.io.stdout.write(script(collect(program, '')));
  return EXIT.ok;
}

function collect(command: Command, path: string): Leaf[] {
  const children = command.commands;
  const words = [
    ...children.map((child) => ({ name: child.name(), description: child.description() })),
    ...command.options.map((option) => ({ name: option.long ?? option.short ?? '', description: option.description })),
  ];
  const below = children.flatMap((child) => collect(child, `${path} ${child.name()}`.trim()));
  return [{ path, words }, ...below];
}

function names(leaf: Leaf): string {
  return leaf.words.map(({ name }) => name).join(' ');
}

/** The longest known chain of command words before the cursor decides what may follow. */
function bash(leaves: Leaf[]): string {
  const cases = leaves.map((leaf) => `    "${leaf.path}") words="${names(leaf)}" ;;`).join('\n');
  return `# kvctl completion for bash:  source <(kvctl completion bash)
_kvctl() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word words="" known=" ${leaves.map((leaf) => leaf.path.replaceAll(' ', '/')).join(' ')} "
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    local next="\${path:+$path/}$word"
    [[ "$known" == *" $next "* ]] && path="$next"
  done
  case "\${path//\\// }" in
${cases}
  esac
  [[ "$current" == -* && -n "$path" ]] && words="$words ${names({ ...leaves[0]!, words: leaves[0]!.words.filter(({ name }) => name.startsWith('-')) })}"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ \${#COMPREPLY[@]} -eq 0 && "$path" =~ ^(import|export)$ ]] && COMPREPLY=($(compgen -f -- "$current"))
}
complete -F _kvctl kvctl
`;
}

function zsh(leaves: Leaf[]): string {
  const root = leaves[0]!;
  const described = ({ name, description }: Leaf['words'][number]): string =>
    `'${name.replaceAll(':', '\\:')}:${description.replaceAll("'", '’').replaceAll(':', ' -')}'`;
  const cases = leaves
    .slice(1)
    .map((leaf) => `    '${leaf.path}') words_=(${leaf.words.map(described).join(' ')}) ;;`)
    .join('\n');
  return `#compdef kvctl
# kvctl completion for zsh:  source <(kvctl completion zsh)
_kvctl() {
  local path_="" word next
  local -a words_ known
  known=(${leaves
    .slice(1)
    .map((leaf) => `'${leaf.path}'`)
    .join(' ')})
  for word in "\${(@)words[2,CURRENT-1]}"; do
    next="\${path_:+$path_ }$word"
    (( \${known[(Ie)$next]} )) && path_="$next"
  done
  case "$path_" in
${cases}
    *) words_=(${root.words.map(described).join(' ')}) ;;
  esac
  _describe 'kvctl' words_
  [[ "$path_" == (import|export) ]] && _files
}
compdef _kvctl kvctl
`;
}

function fish(leaves: Leaf[]): string {
  const lines = leaves.flatMap((leaf) => {
    const condition = fishCondition(leaf, leaves);
    return leaf.words.map(({ name, description }) => {
      const what = name.startsWith('--') ? `-l ${name.slice(2)}` : `-a ${name}`;
      return `complete -c kvctl -n '${condition}' ${what} -d '${description.replaceAll("'", '’')}'`;
    });
  });
  return `# kvctl completion for fish:  kvctl completion fish > ~/.config/fish/completions/kvctl.fish
complete -c kvctl -f
complete -c kvctl -n '__fish_seen_subcommand_from import export' -F
${lines.join('\n')}
`;
}

function fishCondition(leaf: Leaf, leaves: Leaf[]): string {
  if (leaf.path === '') {
    const top = leaves.filter(({ path }) => path !== '' && !path.includes(' ')).map(({ path }) => path);
    return `not __fish_seen_subcommand_from ${top.join(' ')}`;
  }
  return leaf.path
    .split(' ')
    .map((word) => `__fish_seen_subcommand_from ${word}`)
    .join('; and ');
}
