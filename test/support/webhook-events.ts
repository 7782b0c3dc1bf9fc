/** What the specification says of what is sent to receivers of webhooks, and asked of the pre-send hook. */
import { webhookEvents } from '../../src/api/native/index.js';

/** What of an event's data is not as the specification says. */
export const differencesFrom = ({ type, data }: { type: string; data: unknown }): string[] => {
  const documented = webhookEvents.find((event) => event.type === type);
  if (!documented) return [`${type} is not documented`];
  const { error } = documented.data.validate(data, { abortEarly: false, convert: false });
  return error ? error.details.map(({ message }) => `${type}: ${message}`) : [];
};
