/**
 * Plot: bars as an SVG that reads in light and dark pages alike.
 *
 * Owns      the drawing.
 * Does not  know what is measured.
 */

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly ours: boolean;
}

/** Bars that belong together: of one workload. */
export interface BarGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const WIDTH = 760;
const LABEL = 250;
const FIGURE = 90;
const ROW = 20;
const GAP = 14;
const HEAD = 34;

/** `unit` stands behind each figure. */
export function barPlot(title: string, unit: string, groups: readonly BarGroup[]): string {
  const longest = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)));
  const room = WIDTH - LABEL - FIGURE;
  const parts: string[] = [];
  let y = HEAD;
  for (const group of groups) {
    parts.push(text(8, y + 14, group.title, 'group'));
    y += ROW;
    for (const { label, value, ours } of group.bars) {
      const width = Math.max(1, Math.round((value / longest) * room));
      parts.push(text(24, y + 14, label, 'label'));
      parts.push(
        `<rect x="${LABEL}" y="${y + 3}" width="${width}" height="${ROW - 6}" class="${ours ? 'ours' : 'peer'}"/>`,
      );
      parts.push(text(LABEL + width + 6, y + 14, `${grouped(value)}${unit}`, 'label'));
      y += ROW;
    }
    y += GAP;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img" aria-label="${escaped(title)}">`,
    '<style>text{font:12px system-ui,sans-serif;fill:#667}.title{font-size:14px;font-weight:600}.group{font-weight:600}',
    '.ours{fill:#2f80ed}.peer{fill:#a8b0bd}</style>',
    text(8, 20, title, 'title'),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function text(x: number, y: number, what: string, name: string): string {
  return `<text x="${x}" y="${y}" class="${name}">${escaped(what)}</text>`;
}

export function grouped(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : String(value);
}

function escaped(what: string): string {
  return what.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
