import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { datasetPage, inputPage } from '../../shared/report/page/data-pages.ts';
import { escapeHtml } from '../../shared/report/page/html.ts';
import { reportPage } from '../../shared/report/page/report-page.ts';
import { hourlyPhotos, testReport, testReportState } from '../fixtures/report.ts';
import { budget } from './budget.ts';
import { hostileText } from './texts.ts';

const SCRIPT = 'draw()';
const noValues = { timestamps: new Float64Array(), values: new Float64Array() };

/** Every text of a state, each with a tag of its own; names of choices stay, as the code asks for them. */
function spoil<Value>(value: Value, text: string, keep: ReadonlySet<string>, name = ''): Value {
  if (typeof value === 'string') return (keep.has(name) ? value : `${value}${text}`) as Value;
  if (Array.isArray(value)) return value.map((element) => spoil(element, text, keep, name)) as Value;
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([member, content]) => [member, spoil(content, text, keep, member)]),
  ) as Value;
}
const CODES = new Set([
  'timezone',
  'variable_code',
  'value_source',
  'method',
  'promote',
  'started_at',
  'images_start',
  'images_end',
  'snapshot_at',
]);

/** Tags of a page that run or load something, by name and their attributes without what these hold. */
const active = (markup: string): string[] =>
  [...markup.matchAll(/<[a-z](?:[^>"']|"[^"]*"|'[^']*')*>/gi)]
    .map(([tag]) => tag.replaceAll(/"[^"]*"|'[^']*'/g, ''))
    .filter((tag) => /^<(script|img|iframe|object|embed|base|link|meta|svg)\b|\son\w+\s*=/i.test(tag));

test('no text of the field becomes markup on a page', () => {
  const tag = hostileText.map(
    (text) => `${text}"><img src=x onerror=alert(1)></script><script>alert(2)</script>`,
  );
  const pagesOf = (text: string) => {
    const state = spoil(testReportState({ storage: 'storage', model: 'model' }), text, CODES);
    const { run, dataset, split, export: exported } = state;
    const photos = [0, 1].map((row) => ({
      image_id: row + 1,
      timestamp: row * 1000,
      filename: `a${text}`,
      value: row,
    }));
    const sources = {
      run,
      photos,
      photoBase: 'https://storage/',
      judgments: [{ user_id: `u${text}`, rank: 'LEFT' as const, 'left.imageId': 1, 'right.imageId': 2 }],
    };
    const check = {
      check: 'gaps' as const,
      checked: `All${text}`,
      findings: [
        {
          kind: 'gaps.photos',
          title: text,
          meaning: text,
          action: text,
          count: 1,
          examples: [{ caption: text, photos: [] }],
        },
      ],
    };
    return [
      reportPage(
        testReport(
          hourlyPhotos(6).map((photo, row) => ({ ...photo, key: `${row}${text}` })),
          { state, notes: text, period: { source: text } },
        ),
        SCRIPT,
      ),
      datasetPage({ ...sources, dataset, exported, series: noValues, checks: [check as never] }, SCRIPT),
      inputPage({ ...sources, split, pairSplits: [true], splitOf: () => 'train' }, SCRIPT),
    ];
  };
  const harmless = pagesOf('').map(active);
  fc.assert(
    fc.property(tag, (text) => {
      const pages = pagesOf(text);

      expect(pages.map(active)).toEqual(harmless);
      for (const page of pages) expect(page).toContain(escapeHtml('<img src=x onerror'));
    }),
    budget(40),
  );
});
