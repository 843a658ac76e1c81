import type { Database } from '../connection.ts';
import type { Catalog } from './catalog.ts';
import type { RowChanges } from './rows.ts';

export type StationImport = {
  database: Database;
  catalog: Catalog;
  storageBucket: string;
  /** Called with the number of rows of the export that have been processed. */
  onRows: (count: number) => void;
};

/** The station whose rows are being written. */
export type StationTarget = StationImport & {
  id: number;
  ownerId: string;
  /** Adds to the station's total of changed rows; every write goes through it. */
  count: <Change extends RowChanges>(change: Change) => Change;
};
