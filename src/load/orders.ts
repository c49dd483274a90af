/** The ticker is up before t = 0, as starting a thread takes a tenth of a second: it waits for the order to go. */
export const orders = { wait: 0, go: 1, end: 2 } as const;
