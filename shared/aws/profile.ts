import { getProfileName, parseKnownFiles } from '@smithy/core/config';

export type Profile = {
  name: string;
  isKnown: boolean;
  region: string | null;
  /** All profiles of the two files. */
  names: string[];
};

/** The profile of the AWS CLI that the environment names (AWS_PROFILE, or else `default`), with the region of its files. */
export async function readProfile(): Promise<Profile> {
  const name = getProfileName({});
  const profiles = await parseKnownFiles({ profile: name, ignoreCache: true });
  const profile = profiles[name];
  return {
    name,
    isKnown: profile !== undefined,
    region: profile?.region ?? null,
    names: Object.keys(profiles).sort(),
  };
}
