/** Asks again and again until the answer is yes; fails after a minute. */
export const eventually = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('this did not come true within 60 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
