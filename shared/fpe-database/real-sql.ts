/**
 * The text of a float4 column, whose number is the one that upstream's scripts read and write (contract 5): a cast of the column
 * itself to float8 shows digits that nobody wrote, one to numeric keeps no more than six.
 */
export const realText = (column: string): string => `(${column})::text`;

/** As exports and station.json have it. */
export const fourDecimals = (column: string): string => `round(${realText(column)}::numeric, 4)`;
