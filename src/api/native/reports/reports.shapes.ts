import type { UserCard } from '../../../modules/users/index.js';
import { presentUserCard } from '../../shared/user-card.shapes.js';
import type { ReportRecord } from '../../../modules/moderation/index.js';

/** A report as admins see it. */
export const presentReport = (report: ReportRecord, cards: ReadonlyMap<string, UserCard>) => {
  const card = (id: { toHexString(): string }) => {
    const found = cards.get(id.toHexString());
    return found ? presentUserCard(found) : null;
  };
  const { snapshot } = report;
  return {
    id: report._id.toHexString(),
    _id: report._id.toHexString(),
    messageId: report.messageId.toHexString(),
    chatId: report.chatId.toHexString(),
    reporter: card(report.reporterId),
    reason: report.reason,
    snapshot: {
      senderId: snapshot.senderId.toHexString(),
      sender: card(snapshot.senderId),
      messageType: snapshot.messageType,
      content: snapshot.content,
      media: snapshot.media,
      version: snapshot.version,
      createdAt: snapshot.createdAt.toISOString(),
    },
    status: report.status,
    resolvedBy: report.resolvedBy?.toHexString() ?? null,
    resolvedAt: report.resolvedAt?.toISOString() ?? null,
    note: report.note,
    createdAt: report.createdAt.toISOString(),
  };
};
