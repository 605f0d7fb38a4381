/** How this server and client call themselves to others. */
export const agent = 'plinth/0.1';
