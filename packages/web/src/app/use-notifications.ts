import { useParley } from '@parley-chat/react';
import type { ChatMessage } from '@parley-chat/client';
import { useEffect } from 'react';
import { preferences } from '../i18n/index.js';

/**
 * Tells of messages while the page is in the background, where the user has chosen that and the browser allows it.
 *
 * @param openId the chat that is open.
 */
export const useNotifications = (openId: string | undefined): void => {
  const client = useParley();
  useEffect(() => {
    const tell = (message: ChatMessage): void => {
      const isWanted = preferences.getSnapshot().notifications && document.hidden;
      const { chat } = client.room(message.chatId).getSnapshot();
      if (!isWanted || message.senderId === client.userId || !chat || chat.isMuted) return;
      if (!('Notification' in window) || Notification.permission !== 'granted') return;
      const { name } = message.sender ?? { name: chat.title };
      const title = chat.kind === 'direct' ? name : `${name} · ${chat.title}`;
      // One per chat: a newer one takes its place.
      new Notification(title, { body: message.content, tag: message.chatId });
    };
    const ends = [
      client.on('message_received', tell as never),
      client.on('media_received', tell as never),
      client.on('unread_message', (({ message }: { message: ChatMessage }) => {
        tell(message);
      }) as never),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [client, openId]);
};
