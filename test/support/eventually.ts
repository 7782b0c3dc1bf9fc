/** Asks again and again until the answer is yes; fails after twenty seconds. */
export const eventually = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('this did not come true within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
