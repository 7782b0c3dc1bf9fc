import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import type { ChatEvents, SanctionFacts } from '../../../modules/chats/index.js';

const presentFacts = ({ id, kind, chatId, userId, reason, until, createdAt }: SanctionFacts) => ({
  id,
  kind,
  chatId,
  userId,
  reason,
  until,
  createdAt,
});

/** What the person hears of their sanctions. */
export const sanctionRenderings: RenderingTable<
  Pick<ChatEvents, 'member.sanctioned' | 'member.sanction_lifted'>
> = {
  dialect: 'native',
  renderings: {
    'member.sanctioned': renders(['sanctioned'], (event) => [
      { event: 'sanctioned', payload: presentFacts(event) },
    ]),
    'member.sanction_lifted': renders(['sanction_lifted'], (event) => [
      { event: 'sanction_lifted', payload: presentFacts(event) },
    ]),
  },
};
