import { FAMILY } from '../../demo-station/family.ts';
import { generateMember } from '../../demo-station/generate-member.ts';

type JudgedMember = { member: string; seed: number };
const SEED = 1691;

/**
 * The stations that recipes are judged by: members of the family, with a seed of their weather, ground and annotators. Each has
 * another, since an interval over stations takes them for independent.
 */
export const STATIONS: Record<string, JudgedMember> = {
  ...Object.fromEntries(
    Object.keys(FAMILY)
      .filter((member) => member !== 'brook')
      .map((member, index) => [member, { member, seed: SEED + index }]),
  ),
  'brook-1691': { member: 'brook', seed: SEED },
  'brook-7': { member: 'brook', seed: 7 },
};
/** One whose camera is moved, and one whose scene changes. */
export const QUICK_STATIONS = ['moved', 'storm'];

/** Generates a station to judge recipes by, unless it is there. @throws Error for an unknown name */
export const generateStation = (name: string, folder: string): Promise<void> => {
  const { member, seed } = STATIONS[name] as JudgedMember;
  return generateMember(member, folder, { seed });
};
