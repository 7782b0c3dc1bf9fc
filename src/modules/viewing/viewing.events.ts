/** What happens when members look at chats. */
export interface ViewingEvents {
  /** The first device of a member has opened the chat on a node. */
  'chat.opened': { chatId: string; userId: string };
  /** The last device of a member that had the chat open on a node has closed it or gone. */
  'chat.closed': { chatId: string; userId: string };
}
