import type { Person } from './api.js';
import type { Connection } from './connection.js';
import { byId, make, written } from './dom.js';

/** Announcements from admins, and the form for admins to make one. */
export const setUpBroadcasts = (me: Person, connection: Connection): void => {
  connection.on('admin_broadcast', ({ data }) => {
    const dismiss = make('button', { type: 'button', className: 'link', text: 'Dismiss' });
    const text = make(
      'div',
      { className: 'grow' },
      make('strong', { text: `Announcement by ${data.senderName ?? 'an admin'}` }),
      written('span', { text: data.message }),
    );
    const announcement = make('div', { className: 'announcement' }, text, dismiss);
    dismiss.onclick = () => {
      announcement.remove();
    };
    byId('announcements').append(announcement);
  });

  const form = byId<HTMLFormElement>('broadcast-form');
  form.hidden = me.role !== 'admin';
  form.onsubmit = (event) => {
    event.preventDefault();
    const field = byId<HTMLTextAreaElement>('broadcast-text');
    const result = byId('broadcast-result');
    const message = field.value.trim();
    if (!message) return;
    connection
      .ask('admin_broadcast', { message, messageType: 'text' })
      .then(() => {
        field.value = '';
        result.textContent = 'Sent to everybody.';
      })
      .catch((error: unknown) => {
        result.textContent = error instanceof Error ? error.message : String(error);
      });
  };
};
