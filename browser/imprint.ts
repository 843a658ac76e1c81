import { legibleText } from '../shared/formats/legible-text.ts';
import { selectionParts } from './address.ts';
import { goesBy } from './figure-selection.ts';
import type { View } from './view.ts';

/** What a saved figure says of where it is from: files are renamed and forwarded, pictures pasted into slides. */
export type Imprint = {
  /** Name of the file, without its ending: figures of two stations, models or periods are told apart by it alone. */
  fileName: string;
  /** Number and title. */
  title: string;
  /** Station and model. */
  source: string;
  /** What is selected, as far as the figure goes by it, in words; empty for all. */
  selection: string;
  /** The same for programs: columns that stand in each row of the data. */
  columns: readonly [name: string, value: string | number][];
};

/** @param heading number and title of the figure, as above it in the page */
export function imprintOf(view: View, id: string, heading: string): Imprint {
  const { kind, station, code } = view.page;
  const parts = selectionParts(view).filter(({ of }) => goesBy(id).includes(of));
  const chosen = parts.filter(({ isInitial }) => !isInitial);
  // Without its list of photos, a picture of the strata would not say of which they are.
  const told = parts.filter(({ of, isInitial }) => !isInitial || of === 'strata');
  const selection = told.map(({ words }) => words).join('; ');
  return {
    fileName: [station.id, code, id, ...chosen.flatMap(({ address }) => address)]
      .join('_')
      .replaceAll('=', '-')
      .replaceAll(/[^\w,.-]+/g, ''),
    title: heading,
    source: legibleText(
      `${station.name} (${station.id})${station.synthetic ? ', synthetic station' : ''} · ${kind === 'dataset' ? 'dataset' : 'model'} ${code}`,
    ).replaceAll(/\s+/g, ' '),
    selection,
    // Without the name of the station, which a user wrote: it might be a formula.
    columns: [
      ['station_id', station.id],
      [kind === 'dataset' ? 'dataset_code' : 'model_code', code],
      ['figure', id],
      ['selection', selection || 'all'],
    ],
  };
}
