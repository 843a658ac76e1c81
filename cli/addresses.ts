/** As rows and outputs name public objects (shared/formats/object-location.ts): right on AWS, and there alone. */
const ADDRESS = /https:\/\/([a-z0-9][a-z0-9.-]*)\.s3\.[a-z0-9-]+\.amazonaws\.com\/(?=\S)/g;

/**
 * The text with addresses that open where the objects are. A bucket of the local stack may be somebody else's on AWS.
 *
 * @param endpoint of another S3 than that of AWS, such as the local stack's, which shows the storage bucket to everyone on
 *   this computer
 */
export const withOpenAddresses = (text: string, endpoint: string | undefined): string =>
  endpoint ? text.replaceAll(ADDRESS, `${endpoint.replace(/\/$/, '')}/$1/`) : text;
