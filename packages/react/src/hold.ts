/** What is held of one client: how many hold it, by name. */
const holders = new WeakMap<object, Map<string, number>>();

/**
 * Opens something for the first who holds it, and closes it when the last one has let go. That is looked at after
 * the effects of the same render: who lets go and takes hold again at once, as in StrictMode or when one component
 * takes the place of another, changes nothing.
 *
 * @param owner to whom it belongs, such as a client.
 * @param name what it is, unique for the owner.
 * @returns lets go.
 */
export const hold = (
  owner: object,
  name: string,
  { open, close }: { open: () => void; close: () => void },
): (() => void) => {
  const counts = holders.get(owner) ?? new Map<string, number>();
  holders.set(owner, counts);
  const count = counts.get(name);
  counts.set(name, (count ?? 0) + 1);
  if (count === undefined) open();
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    counts.set(name, counts.get(name)! - 1);
    queueMicrotask(() => {
      if (counts.get(name) !== 0) return;
      counts.delete(name);
      close();
    });
  };
};
