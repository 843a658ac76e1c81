/** Names and addresses of this computer (RFC 6761, section 6.3; RFC 1122, section 3.2.1.3). */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** @param host with or without the brackets that an address has around IPv6 */
export const isLoopbackHost = (host: string): boolean => LOOPBACK.test(host.replace(/^\[(.*)\]$/, '$1'));

/** Whether an address is of a server on this computer. @throws TypeError for what is no address */
export const isOnThisComputer = (url: string): boolean => isLoopbackHost(new URL(url).hostname);
