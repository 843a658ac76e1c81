/** Whether the metadata of a station say that no such stream exists, as those of the demo station do. */
export const isSynthetic = (station: string): string =>
  `coalesce(${station}.metadata->>'synthetic' = 'true', false)`;
