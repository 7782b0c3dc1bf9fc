import type { SanctionRecord } from '../../../modules/chats/index.js';
import { sanctionFacts } from '../../../modules/chats/index.js';

/** A sanction, as the person sees it: who has imposed it is not told. */
export const presentSanction = (sanction: SanctionRecord) => ({
  ...sanctionFacts(sanction),
  isLifted: sanction.isOpen !== true,
  appeal: sanction.appeal
    ? { text: sanction.appeal.text, at: sanction.appeal.at.toISOString() }
    : null,
});

/** A sanction, as those see it who can lift it. */
export const presentOverseenSanction = (sanction: SanctionRecord) => ({
  ...presentSanction(sanction),
  actorId: sanction.actorId.toHexString(),
});
