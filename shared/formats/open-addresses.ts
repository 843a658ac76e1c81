/** How rows and outputs address public objects (shared/formats/object-location.ts): valid only on AWS. */
const ADDRESS = /https:\/\/([a-z0-9][a-z0-9.-]*)\.s3\.[a-z0-9-]+\.amazonaws\.com\/(?=\S)/g;

/**
 * The text with addresses that work where the objects are. On AWS, a bucket of the local stack's name may belong to somebody
 * else.
 *
 * @param endpoint of an S3 other than AWS's, such as the local stack's, which shows the storage bucket to everyone on this
 *   computer
 */
export const withOpenAddresses = (text: string, endpoint: string | undefined): string =>
  endpoint ? text.replaceAll(ADDRESS, `${endpoint.replace(/\/$/, '')}/$1/`) : text;
