import { ChatError } from '@parley-chat/client';
import { useCallback } from 'react';
import { useIntl } from 'react-intl';

/** What to say about something that was thrown: by its code, in the language of the page. */
export const useErrorText = (): ((error: unknown) => string) => {
  const intl = useIntl();
  return useCallback(
    (error) => {
      const code = error instanceof ChatError ? error.code : 'UNKNOWN';
      const id = `error.${code}`;
      const isKnown = id in intl.messages;
      const seconds = error instanceof ChatError ? (error.retryAfter ?? 0) : 0;
      const reason = error instanceof ChatError ? (error.reason ?? '') : '';
      return intl.formatMessage(
        { id: isKnown ? id : 'error.UNKNOWN' },
        { code, seconds, reason, hasReason: reason === '' ? 'no' : 'yes' },
      );
    },
    [intl],
  );
};
