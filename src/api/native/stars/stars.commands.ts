import type { AnyCommand } from '../../../transport/socket/command.js';
import { command } from '../../../transport/socket/command.js';
import type { UseCases } from '../../shared/use-cases.js';
import { starResponse, starSchema } from './stars.schemas.js';
import { presentStar } from './stars.shapes.js';

/** Native socket commands of stars. */
export const starCommands = ({ stars }: UseCases): AnyCommand[] =>
  (['star', 'unstar'] as const).map((verb) =>
    command({
      event: `${verb}_message`,
      dialect: 'native',
      summary: verb === 'star' ? 'Star a message, for me alone' : 'Take my star back',
      schema: starSchema,
      answer: starResponse,
      userLimit: 'writes',
      handle: async ({ actor }, target) => ({
        data: presentStar(await stars[verb](actor, target)),
      }),
    }),
  );
