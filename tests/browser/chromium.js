/** Where Debian and Ubuntu put it. */
export const CHROMIUM = '/usr/bin/chromium';
