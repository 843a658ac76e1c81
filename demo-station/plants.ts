import type { Scene } from './scene.ts';

export type PlantColor = { red: number; green: number; blue: number };

/** Color of all leaves in the scene's season; gray in the light of the camera's lamp. */
export function plantColor({ greenness, autumn, infrared }: Scene): PlantColor {
  if (infrared) return { red: 0.3, green: 0.3, blue: 0.3 };
  const winter = 1 - Math.max(0, Math.min(1, greenness));
  const gold = Math.max(0, Math.min(1, autumn)) * winter;
  const brown = winter - gold;
  return {
    red: 0.095 * greenness + 0.27 * gold + 0.2 * brown,
    green: 0.165 * greenness + 0.175 * gold + 0.155 * brown,
    blue: 0.04 * greenness + 0.065 * gold + 0.1 * brown,
  };
}

/** How many leaves the trees bear, from winter's twigs (0.25) to 1. */
export const foliage = ({ greenness }: Scene): number => 0.25 + 0.75 * greenness;
