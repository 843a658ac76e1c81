/** Names and addresses of this computer, as URL.hostname has them (RFC 6761, section 6.3; RFC 1122, section 3.2.1.3). */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Whether an address is of a server on this computer. @throws TypeError for what is no address */
export const isOnThisComputer = (url: string): boolean => LOOPBACK.test(new URL(url).hostname);
