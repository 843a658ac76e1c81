/** Characters of a secret that, together, may be nowhere else. */
const PIECE = 6;

/** Every piece of that many characters, each once. */
export const piecesOf = (secret: string): string[] => [
  ...new Set(
    Array.from({ length: Math.max(1, secret.length - PIECE + 1) }, (_, at) => secret.slice(at, at + PIECE)),
  ),
];
