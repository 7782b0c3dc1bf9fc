/** The people of a chaos run, and how they call a node over REST. */

/** Somebody with an account. */
export interface Person {
  token: string;
  refreshToken: string;
  id: string;
}

/** How long everything may take to become quiet after the last fault, in milliseconds. */
export const SETTLE_MS = 60_000;

/** Calls a node, and again while it says that a retry may succeed: a fault has only just ended. */
export const api = async <T>(
  url: string,
  path: string,
  token?: string,
  body?: object,
): Promise<T> => {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const response = await fetch(url + path, {
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
      headers: {
        'content-type': 'application/json',
        ...(token && { authorization: `Bearer ${token}` }),
      },
    });
    if (response.ok) return ((await response.json()) as { data: T }).data;
    if (response.status !== 503 || Date.now() > deadline) {
      throw new Error(`${path}: ${response.status} ${await response.text()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
};

/** Makes an account. */
export const register = async (url: string, name: string): Promise<Person> => {
  const { token, refreshToken, user } = await api<Omit<Person, 'id'> & { user: { id: string } }>(
    url,
    '/api/auth/register',
    undefined,
    { username: name, email: `${name}@example.com`, password: 'test123' },
  );
  return { token, refreshToken, id: user.id };
};
