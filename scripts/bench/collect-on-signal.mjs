/** Loaded into the measured servers: SIGUSR2 makes them collect garbage, so that memory can be compared. */
process.on('SIGUSR2', () => {
  globalThis.gc();
  globalThis.gc();
});
