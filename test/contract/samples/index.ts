import { accountRoutes } from './accounts.samples.js';
import { adminCommands, adminRoutes } from './admin.samples.js';
import { chatSettingsRoutes } from './chat-settings.samples.js';
import { conversationCommands, conversationRoutes } from './conversation.samples.js';
import { coreCommands, coreRoutes } from './core.samples.js';
import { groupRoutes, receiptRoutes } from './groups.samples.js';
import { liveCommands, liveRoutes } from './live.samples.js';
import { mediaForms, mediaRoutes } from './media.samples.js';
import { messageCommands, messageRoutes } from './messages.samples.js';
import { presenceCommands, presenceRoutes } from './presence.samples.js';
import { roomCommands, roomRoutes } from './rooms.samples.js';
import type { CommandSamples, RouteSamples } from './sample.js';
import { searchRoutes } from './search.samples.js';
import { serverRoutes } from './server.samples.js';
import { v0Commands, v0Routes } from './v0.samples.js';

/** Every REST route that has a sample; the suites fail when one is missing. */
export const routeSamples: RouteSamples = {
  ...coreRoutes,
  ...accountRoutes,
  ...chatSettingsRoutes,
  ...mediaRoutes,
  ...mediaForms,
  ...messageRoutes,
  ...groupRoutes,
  ...receiptRoutes,
  ...liveRoutes,
  ...searchRoutes,
  ...adminRoutes,
  ...serverRoutes,
  ...presenceRoutes,
  ...roomRoutes,
  ...v0Routes,
  ...conversationRoutes,
};

/** Every socket command that has a sample, likewise. */
export const commandSamples: CommandSamples = {
  ...coreCommands,
  ...messageCommands,
  ...liveCommands,
  ...adminCommands,
  ...presenceCommands,
  ...roomCommands,
  ...v0Commands,
  ...conversationCommands,
};
