/**
 * A random id. `randomUUID` exists only on pages that came over https, and React Native has no `crypto` unless the
 * application brings one; ids only have to differ among the messages of one user.
 */
export const newId = (): string => {
  const bytes = new Uint8Array(16);
  const { crypto } = globalThis as { crypto?: { getRandomValues?(bytes: Uint8Array): void } };
  if (crypto?.getRandomValues) crypto.getRandomValues(bytes);
  else for (const i of bytes.keys()) bytes[i] = Math.floor(Math.random() * 256);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
};
