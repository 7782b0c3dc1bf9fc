/** There is always an admin left, whoever takes whose rights at the same moment. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ObjectId } from 'mongodb';
import type { TestAccounts } from '../support/accounts.js';
import { openAccounts } from '../support/accounts.js';
import type { TestServer, TestUser } from '../support/server.js';
import { registerUser, startServer } from '../support/server.js';

const ADMINS = 20;

/** The collection of the one guard document. */
interface Guard {
  _id: string;
  revision: number;
  pending: unknown;
}

describe('the last admin', () => {
  let server: TestServer;
  let nodes: TestAccounts[];
  let admins: TestUser[];
  const told: { userId: string; role: string }[] = [];
  beforeAll(async () => {
    server = await startServer();
    server.app.bus.subscribe([
      {
        event: 'user.role_changed',
        phase: 'effects',
        on: 'origin',
        does: 'notes who was told of',
        run: (event) => void told.push(event),
      },
    ]);
    nodes = [await openAccounts(server), await openAccounts(server)];
    admins = await Promise.all(Array.from({ length: ADMINS }, () => registerUser(server)));
  });
  beforeEach(async () => {
    const [{ accounts }] = nodes as [TestAccounts];
    for (const { id } of admins) {
      await accounts.reactivate(id);
      await accounts.setRole(id, 'admin');
    }
    told.length = 0;
  });
  afterEach(async () => {
    expect(await guards().findOne({ _id: 'admins', pending: null })).not.toBeNull();
  });
  afterAll(async () => {
    for (const node of nodes) await node.close();
    await server.close();
  });

  const guards = () => nodes[0]!.db.collection<Guard>('adminguards');
  /** What a server leaves that stops between deciding a loss of the role and carrying it out. */
  const decide = async ({ id }: TestUser, revision: number, decidedAt: Date) => {
    const pending = { userId: new ObjectId(id), change: { role: 'user' }, decidedAt };
    await guards().updateOne({ _id: 'admins' }, { $set: { revision, pending } }, { upsert: true });
  };
  const activeAdmins = () =>
    nodes[0]!.db.collection('users').countDocuments({ role: 'admin', deactivatedAt: null });
  const codesOf = async (calls: Promise<unknown>[]) =>
    (await Promise.allSettled(calls)).map((settled) =>
      settled.status === 'fulfilled' ? 'done' : (settled.reason as { code: string }).code,
    );

  it.each([1, 2, 3])(`is left of ${ADMINS} demoted at once on two nodes, round %i`, async () => {
    let fewest = ADMINS;
    let isOver = false;
    const watch = (async () => {
      while (!isOver) fewest = Math.min(fewest, await activeAdmins());
    })();
    const codes = await codesOf(
      admins.map(({ id }, i) => nodes[i % 2]!.administration.setRole(id, 'user')),
    );
    isOver = true;
    await watch;
    // The watch may have looked last before the last of them was demoted.
    fewest = Math.min(fewest, await activeAdmins());

    expect(codes.filter((code) => code === 'done')).toHaveLength(ADMINS - 1);
    const refused = codes.indexOf('LAST_ADMIN');
    const [left] = await nodes[0]!.administration.adminIds();
    expect(left).toBe(admins[refused]!.id);
    expect(fewest).toBe(1);
    // Nobody loses the role for a moment and gets it back.
    expect(told.filter(({ role }) => role === 'user')).toHaveLength(ADMINS - 1);
    expect(told.filter(({ userId }) => userId === left)).toEqual([]);
  });

  it('is left when some are demoted and the others closed', async () => {
    const codes = await codesOf(
      admins.map(({ id }, i) =>
        i % 3 === 0
          ? nodes[i % 2]!.administration.setActive(id, false)
          : nodes[i % 2]!.administration.setRole(id, 'user'),
      ),
    );
    expect(codes.filter((code) => code === 'LAST_ADMIN')).toHaveLength(1);
    expect(await activeAdmins()).toBe(1);
  });

  it('loses nothing to a server that stopped between deciding and doing', async () => {
    const [first, second, ...others] = admins as [TestUser, TestUser, ...TestUser[]];
    for (const { id } of others) await nodes[0]!.administration.setRole(id, 'user');
    const { revision } = (await guards().findOne({ _id: 'admins' }))!;
    await decide(first, revision + 1, new Date());

    const codes = await codesOf([nodes[1]!.administration.setRole(second.id, 'user')]);

    expect(codes).toEqual(['LAST_ADMIN']);
    expect(await nodes[0]!.administration.adminIds()).toEqual([second.id]);
  });

  it('and others lose nothing to a loss that nobody carried out for long', async () => {
    const [first, second] = admins as [TestUser, TestUser];
    const { revision } = (await guards().findOne({ _id: 'admins' }))!;
    await decide(first, revision + 1, new Date(Date.now() - 3_600_000));

    await nodes[0]!.administration.setRole(second.id, 'user');
    // The server that had decided it was only held up.
    await nodes[1]!.accounts.lose(first.id, { role: 'user' }, revision + 1);

    expect((await nodes[0]!.administration.one(first.id)).role).toBe('admin');
    expect((await nodes[0]!.administration.one(second.id)).role).toBe('user');
  });

  it('is not lost to a loss that is carried out late', async () => {
    const [first] = admins as [TestUser];
    const { accounts, administration } = nodes[0]!;
    await administration.setRole(first.id, 'user');
    const { revision } = (await guards().findOne({ _id: 'admins' }))!;
    await accounts.setRole(first.id, 'admin');

    await nodes[1]!.accounts.lose(first.id, { role: 'user' }, revision);

    expect((await administration.one(first.id)).role).toBe('admin');
  });
});
