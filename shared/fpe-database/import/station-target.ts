import type { Database } from '../connection.ts';
import type { Catalog } from './catalog.ts';
import type { RowChanges } from './rows.ts';

export type StationImport = {
  database: Database;
  catalog: Catalog;
  storageBucket: string;
  /** Told how many rows of the export were dealt with. */
  onRows: (count: number) => void;
};

/** The station whose rows are being written. */
export type StationTarget = StationImport & {
  id: number;
  ownerId: string;
  /** Adds to the station's total of changed rows; every write is passed through it. */
  count: <Change extends RowChanges>(change: Change) => Change;
};
