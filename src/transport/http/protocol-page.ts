import type { AsyncApiDocument, AsyncApiMessage, AsyncApiOperation } from '../socket/asyncapi.js';

const escape = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

const last = ({ $ref }: { $ref: string }): string => $ref.slice($ref.lastIndexOf('/') + 1);

/** JSON with a link at each name of a type. */
const json = (value: unknown): string =>
  escape(JSON.stringify(value, null, 2)).replaceAll(
    /&quot;#\/components\/schemas\/(\w+)&quot;/g,
    '<a href="#type-$1">$1</a>',
  );

const messageOf = (document: AsyncApiDocument, link: { $ref: string }): AsyncApiMessage =>
  document.components.messages[last(link)]!;

const payloadLine = ({ payload }: AsyncApiMessage): string =>
  typeof payload.$ref === 'string'
    ? `<a href="#type-${last(payload as { $ref: string })}">${last(payload as { $ref: string })}</a>`
    : `<pre>${json(payload)}</pre>`;

const entry = (document: AsyncApiDocument, id: string, operation: AsyncApiOperation): string => {
  const message = messageOf(document, operation.messages[0]!);
  const example = message.examples?.[0];
  const ack = operation.reply && messageOf(document, operation.reply.messages[0]!);
  return [
    `<details id="${id}"><summary><code>${escape(operation.title)}</code> ${escape(operation.summary ?? '')}</summary>`,
    ...(operation.description === undefined ? [] : [`<p>${escape(operation.description)}</p>`]),
    `<p>Payload: ${payloadLine(message)}</p>`,
    ...(example ? [`<pre>${json(example.payload)}</pre>`] : []),
    ...(ack ? [`<p>Ack:</p>${payloadLine(ack)}`] : []),
    '</details>',
  ].join('\n');
};

const section = (document: AsyncApiDocument, dialect: string): string => {
  const own = Object.entries(document.operations).filter(
    ([, { channel }]) => last(channel) === dialect,
  );
  const list = (action: AsyncApiOperation['action']) =>
    own
      .filter(([, operation]) => operation.action === action)
      .map(([id, operation]) => entry(document, id, operation))
      .join('\n');
  const { description } = document.channels[dialect] as { description?: string };
  return [
    `<section id="${dialect}"><h2>${dialect}</h2><p>${escape(description ?? '')}</p>`,
    `<h3>What the server sends</h3>${list('send')}`,
    `<h3>What clients send</h3>${list('receive')}</section>`,
  ].join('\n');
};

/** The AsyncAPI document for people: without scripts, so that a strict content security policy does. */
export const protocolPage = (document: AsyncApiDocument): string => {
  const dialects = Object.keys(document.channels);
  const types = Object.entries(document.components.schemas).map(
    ([name, schema]) =>
      `<details id="type-${name}"><summary><code>${name}</code></summary><pre>${json(schema)}</pre></details>`,
  );
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${escape(document.info.title)}</title>
    <link rel="icon" type="image/png" href="/api/docs/favicon-32x32.png" />
    <link rel="stylesheet" href="/api/docs/events.css" />
  </head>
  <body>
    <main>
      <h1>${escape(document.info.title)} ${escape(document.info.version)}</h1>
      <nav>
        ${dialects.map((name) => `<a href="#${name}">${name}</a>`).join('\n        ')}
        <a href="#types">types</a>
        <a href="/api/docs">REST</a>
        <a href="/api/docs/asyncapi.json">asyncapi.json</a>
      </nav>
      <p>${escape(document.info.description)}</p>
      ${dialects.map((name) => section(document, name)).join('\n')}
      <section id="types"><h2>Types</h2>${types.join('\n')}</section>
    </main>
  </body>
</html>
`;
};

/** The style of the page. */
export const PROTOCOL_PAGE_STYLE = `:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
nav { position: sticky; top: 0; padding: 0.5rem 0; background: Canvas; border-bottom: 1px solid GrayText; }
nav a { margin-right: 1rem; }
details { padding: 0.4rem 0; border-bottom: 1px solid color-mix(in srgb, GrayText 40%, transparent); }
summary { cursor: pointer; }
summary code { font-weight: 600; margin-right: 0.5rem; }
pre { overflow-x: auto; padding: 0.75rem; background: color-mix(in srgb, GrayText 15%, Canvas); }
`;
