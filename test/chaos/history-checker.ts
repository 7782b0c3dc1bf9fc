/** Compares what clients were told with what the log says. Finds nothing in a correct run. */

/** A send as its client saw it end. */
export interface SendRecord {
  clientMessageId: string;
  chatId: string;
  /** What the acknowledgement said; absent when none came. */
  acknowledged?: { id: string; seq: number };
}

/** A message as the log, or a device, has it. */
export interface LoggedMessage {
  id: string;
  seq: number;
  clientMessageId: string | null;
  content: string;
}

/** Everything that a run has produced. */
export interface RunHistory {
  sends: SendRecord[];
  /** The log of each chat, read at the end. */
  logs: Map<string, LoggedMessage[]>;
  /** What each device has of each chat, by seq. */
  devices: { name: string; chats: Map<string, Map<number, LoggedMessage>> }[];
}

/** What is wrong, one line each; empty when all promises were kept. */
export const violations = ({ sends, logs, devices }: RunHistory): string[] => [
  ...[...logs].flatMap(([chatId, log]) => logViolations(chatId, log)),
  ...sends.flatMap((send) => sendViolations(send, logs.get(send.chatId) ?? [])),
  ...devices.flatMap(({ name, chats }) =>
    [...logs].flatMap(([chatId, log]) => {
      const held = chats.get(chatId);
      return held ? deviceViolations(`${name} in ${chatId}`, held, log) : [];
    }),
  ),
];

const logViolations = (chatId: string, log: LoggedMessage[]): string[] => {
  const holes = log.flatMap(({ seq }, i) =>
    seq === i + 1 ? [] : [`${chatId}: place ${i + 1} has number ${seq}`],
  );
  const seen = new Set<string>();
  const doubles = log.flatMap(({ clientMessageId, seq }) => {
    if (clientMessageId === null) return [];
    const isDouble = seen.has(clientMessageId);
    seen.add(clientMessageId);
    return isDouble ? [`${chatId}: ${clientMessageId} stands twice, again at ${seq}`] : [];
  });
  return [...holes, ...doubles];
};

const sendViolations = (send: SendRecord, log: LoggedMessage[]): string[] => {
  const { acknowledged, clientMessageId } = send;
  if (!acknowledged) return [];
  const written = log[acknowledged.seq - 1];
  return written?.id === acknowledged.id && written.clientMessageId === clientMessageId
    ? []
    : [`lost: ${clientMessageId} was acknowledged as ${acknowledged.id} at ${acknowledged.seq}`];
};

const deviceViolations = (
  name: string,
  held: Map<number, LoggedMessage>,
  log: LoggedMessage[],
): string[] => {
  const wrong = log.flatMap(({ seq, id, content }) => {
    const own = held.get(seq);
    return own?.id === id && own.content === content ? [] : [`${name}: differs at ${seq}`];
  });
  return held.size > log.length ? [...wrong, `${name}: has messages the log has not`] : wrong;
};
