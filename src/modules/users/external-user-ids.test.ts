import { describe, expect, it } from '@jest/globals';
import { Types } from 'mongoose';
import type { ExternalUserId } from './external-user-ids.js';
import { ExternalUserIds } from './external-user-ids.js';

/** What is looked up for a text when the given issuers are configured. */
const wantedFor = async (issuers: string[], text: string): Promise<ExternalUserId> => {
  let wanted: ExternalUserId[] = [];
  const users = {
    idsByExternalIds: (ids: ExternalUserId[]) => {
      wanted = ids;
      return Promise.resolve([]);
    },
  };
  await new ExternalUserIds(users, issuers).idsOf([text]);
  return wanted[0]!;
};

describe('the text behind ext:', () => {
  it.each([
    ['without issuers the whole is an id of server keys', [], 'a:42', '', 'a:42'],
    ['with one issuer the whole is its id', ['a'], 'a:42', 'a', 'a:42'],
    ['with several it may name one', ['a', 'b'], 'b:4:2', 'b', '4:2'],
    ['with several it may name none', ['a', 'b'], 'c:42', '', 'c:42'],
    ['with several, a colon says that it names none', ['a', 'b'], ':a:42', '', 'a:42'],
  ])('%s', async (_, issuers, text, issuer, externalId) => {
    expect(await wantedFor(issuers, text)).toEqual({ issuer, externalId });
  });

  it('is answered with the account of its issuer, and no other', async () => {
    const [ofA, ofB] = [new Types.ObjectId(), new Types.ObjectId()];
    const users = {
      idsByExternalIds: () =>
        Promise.resolve([
          { _id: ofA, issuer: 'a', externalId: '42' },
          { _id: ofB, issuer: 'b', externalId: '42' },
        ]),
    };
    const ids = await new ExternalUserIds(users, ['a', 'b']).idsOf(['b:42', 'a:42', '42', 'a:7']);
    expect([...ids]).toEqual([
      ['b:42', ofB.toHexString()],
      ['a:42', ofA.toHexString()],
    ]);
  });
});
