/**
 * The text of a float4 column, whose number is the one that upstream's scripts read and write (contract 5): casting the column
 * itself to float8 shows digits that nobody wrote, and casting it to numeric keeps at most six.
 */
export const realText = (column: string): string => `(${column})::text`;

/** As in exports and station.json. */
export const fourDecimals = (column: string): string => `round(${realText(column)}::numeric, 4)`;
