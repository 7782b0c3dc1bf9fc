import type { Config } from './config/index.js';

/** What the start message tells. */
interface Facts {
  config: Pick<Config, 'nodeEnv'>;
  port: number;
  /** Where the data is. */
  database: string;
}

/** Greets somebody who starts the server by hand: where it is, where the data is, what to try. */
export const printWelcome = ({ config, port, database }: Facts): void => {
  if (config.nodeEnv !== 'development') return;
  const url = `http://localhost:${port}`;
  process.stdout.write(`
  Parley is ready
  Chat:              ${url}/app
  Admin console:     ${url}/admin
  Data:              ${database}
  API documentation: ${url}/api/docs
  Page for trying:   ${url}/views/chat-test.html

  Try it:

    curl -s ${url}/health

    curl -s -X POST ${url}/api/auth/register \\
      -H 'Content-Type: application/json' \\
      -d '{"username":"carol-'$RANDOM'","email":"carol-'$RANDOM'@example.com","password":"test123"}'

  The README goes on from here: two people, a chat, messages both ways.

`);
};
