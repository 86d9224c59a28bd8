/**
 * The fenced blocks of a page of Markdown. Comments in the lines above a fence, which readers do not see, say more of it:
 *   <!-- beside: name -->     not a program: a file beside the programs of the page
 *   <!-- server: password --> runs beside a server that asks for this password
 *   <!-- continues -->        joined to the program before it
 *   <!-- not run: reason -->  counted and printed
 */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
  readonly file?: string | undefined;
  readonly password?: string | undefined;
  readonly notRun?: string | undefined;
}

export function blocksOf(page: string, markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const fence = /^```(\S*)/.exec(lines[at]!);
    if (fence === null) continue;
    const end = lines.indexOf('```', at + 1);
    if (end < 0) throw new Error(`${page}:${at + 1}: a block without an end`);
    const marker = markerAbove(lines, at);
    const text = `${lines.slice(at + 1, end).join('\n')}\n`;
    const last = blocks.at(-1);
    if (marker?.[1] === 'continues') {
      if (last === undefined) throw new Error(`${page}:${at + 1}: continues nothing`);
      blocks[blocks.length - 1] = { ...last, text: last.text + text };
    } else {
      const file = marker?.[1] === 'beside' ? marker[2] : undefined;
      const password = marker?.[1] === 'server' ? marker[2] : undefined;
      const notRun = marker?.[1] === 'not run' ? marker[2] : undefined;
      blocks.push({ page, line: at + 1, language: fence[1]!, text, file, password, notRun });
    }
    at = end;
  }
  return blocks;
}

/** Other comments may stand between it and the fence: those of guide.test.ts do. */
function markerAbove(lines: readonly string[], fence: number): RegExpExecArray | null {
  for (let at = fence - 1; lines[at]?.startsWith('<!-- '); at--) {
    const marker = /^<!-- (beside|continues|server|not run)(?:: (.*))? -->$/.exec(lines[at]!);
    if (marker !== null) return marker;
  }
  return null;
}
