import { TEXTURE_MASK } from './noise.ts';

/** What the camera sees in the row that is being drawn; the same arrays are used for each row. Lengths are in meters. */
export type Sight = ReturnType<typeof emptySight>;

/**
 * One thing between the ground and the camera. A photo is a list of layers, from the ground up; those that a scene lacks
 * are not in its list. A layer draws a whole row at a time: a call for each pixel would cost as much as the drawing.
 */
export type Layer = (sight: Sight) => void;

export function emptySight(width: number) {
  const row = () => new Float64Array(width);
  return {
    width,
    /** Position of the row's first pixel in the view. */
    first: 0,
    /** Of the water; negative where the ground is dry. */
    depth: row(),
    /** Light that falls onto this place, and the sun's part of it. */
    light: row(),
    sunlit: row(),
    /** The water's waves, and the clumps of what drifts on it. */
    chop: row(),
    clump: row(),
    /** Light that reaches the camera. */
    red: row(),
    green: row(),
    blue: row(),
  };
}

// These functions keep casts out of the layers. There is one for each kind of array, so that the compiler can inline them.
/** What a view or a texture holds. */
export const at = (values: Float32Array, index: number): number => values[index] as number;
/** What is drawn so far. */
export const drawn = (values: Float64Array, column: number): number => values[column] as number;

/** Value of a texture at any place, in texels; it repeats without a seam. */
export const wrapped = (texture: Float32Array, x: number, y: number): number =>
  texture[((y & TEXTURE_MASK) << 9) | (x & TEXTURE_MASK)] as number;

/** Covers a share of what a pixel showed. */
export function cover(
  sight: Sight,
  column: number,
  share: number,
  color: { red: number; green: number; blue: number },
): void {
  const { red, green, blue } = sight;
  red[column] = drawn(red, column) + (color.red - drawn(red, column)) * share;
  green[column] = drawn(green, column) + (color.green - drawn(green, column)) * share;
  blue[column] = drawn(blue, column) + (color.blue - drawn(blue, column)) * share;
}
