import { CASE_STATES, REPORT_CATEGORIES } from '../../../modules/moderation/index.js';
import type {
  CaseEvents,
  CaseRecord,
  CaseReport,
  CaseStatistics,
} from '../../../modules/moderation/index.js';
import type { UserCard } from '../../../modules/users/index.js';
import { presentUserCard } from '../../shared/user-card.shapes.js';

/** Ids of the people that a case names. */
export const peopleOf = ({ accusedId, assigneeId, reports }: CaseRecord): string[] =>
  [accusedId, assigneeId, ...reports.map(({ reporterId }) => reporterId)].flatMap(
    (id) => id?.toHexString() ?? [],
  );

/** A case, as moderators see it. */
export const presentCase = (found: CaseRecord, cards: ReadonlyMap<string, UserCard>) => {
  const card = (id: { toHexString(): string } | null) => {
    const known = id && cards.get(id.toHexString());
    return known ? presentUserCard(known) : null;
  };
  const { decision } = found;
  return {
    id: found._id.toHexString(),
    _id: found._id.toHexString(),
    kind: found.kind,
    targetId: found.targetId.toHexString(),
    chatId: found.chatId?.toHexString() ?? null,
    accused: card(found.accusedId),
    state: found.state,
    assignee: card(found.assigneeId),
    context: {
      name: found.context.name,
      messages: found.context.messages.map((message) => ({
        ...message,
        messageId: message.messageId.toHexString(),
        senderId: message.senderId.toHexString(),
        createdAt: message.createdAt.toISOString(),
      })),
    },
    reports: found.reports.map(({ reporterId, category, text, at }) => ({
      reporter: card(reporterId),
      category,
      text,
      at: at.toISOString(),
    })),
    reportCount: found.reportCount,
    categories: countsOf(REPORT_CATEGORIES, found.categories),
    decision: decision
      ? {
          action: decision.action,
          byId: decision.by.toHexString(),
          note: decision.note,
          at: decision.at.toISOString(),
        }
      : null,
    createdAt: found.createdAt.toISOString(),
    closedAt: found.closedAt?.toISOString() ?? null,
  };
};

/** A case, as one of its reporters sees it. */
export const presentOwnReport = (found: CaseRecord, report: CaseReport) => ({
  caseId: found._id.toHexString(),
  kind: found.kind,
  targetId: found.targetId.toHexString(),
  category: report.category,
  text: report.text,
  state: found.state,
  note: found.decision?.note ?? '',
  reportedAt: report.at.toISOString(),
  closedAt: found.closedAt?.toISOString() ?? null,
});

/** What a reporter's devices hear when a case is decided. */
export const presentClosedCase = ({
  caseId,
  kind,
  targetId,
  state,
  note,
  at,
}: CaseEvents['case.closed']) => ({ caseId, kind, targetId, state, note, at });

/** The numbers of cases, a zero where there are none. */
export const presentStatistics = ({
  states,
  categories,
  averageSecondsToClose,
}: CaseStatistics) => ({
  states: countsOf(CASE_STATES, states),
  categories: countsOf(REPORT_CATEGORIES, categories),
  averageSecondsToClose,
});

const countsOf = <Name extends string>(
  names: readonly Name[],
  counts: Partial<Record<Name, number>>,
) => Object.fromEntries(names.map((name) => [name, counts[name] ?? 0]));
