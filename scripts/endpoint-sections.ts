import { documentation } from '../src/api/documentation/index.js';
import type { OperationExample } from '../src/transport/http/operation-notes.js';
import { documentPath } from '../src/transport/http/openapi.js';
import type { OpenApiDocument } from '../src/transport/http/openapi.js';
import { ALWAYS, OF_BODIES, OF_SIGNED_IN, codesOf } from '../src/transport/http/openapi-errors.js';
import { routeName } from '../src/transport/http/openapi-operations.js';
import type { AnyRoute } from '../src/transport/http/route.js';
import { inputsOf } from './fields-in-words.js';

export { ALWAYS };

/** Codes that the page names once for all endpoints. */
const COMMON = new Set<string>([...ALWAYS, ...OF_SIGNED_IN, ...OF_BODIES, 'INSUFFICIENT_STORAGE']);

const TOKENS = { none: '', user: '$TOKEN', admin: '$ADMIN_TOKEN', server: '$SERVER_KEY' };

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const addressOf = ({ path }: AnyRoute, { params = {}, query = {} }: OperationExample): string => {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => params[name] ?? `:${name}`);
  const search = new URLSearchParams(query).toString();
  return `http://localhost:8000${filled}${search && `?${search}`}`;
};

/** A request as a command; a GET of content writes it to a file. */
const curl = (route: AnyRoute, example: OperationExample): string[] => {
  const { body, fields = {}, files = {} } = example;
  const method = route.method.toUpperCase();
  const token = TOKENS[route.auth];
  const options = [
    ...(token ? [`-H "Authorization: Bearer ${token}"`] : []),
    ...(body ? ["-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`] : []),
    ...Object.entries(fields).map(([name, value]) => `-F ${quoted(`${name}=${value}`)}`),
    ...Object.entries(files).map(([name, file]) => `-F ${quoted(`${name}=@${file}`)}`),
  ];
  const command = `curl${method === 'GET' ? '' : ` -X ${method}`} ${quoted(addressOf(route, example))}`;
  return ['```bash', [command, ...options].join(' \\\n  '), '```'];
};

const answerOf = ({ status, answer }: OperationExample): string[] =>
  answer === undefined
    ? [`Answers ${status} and the content itself.`]
    : [`Answers ${status}:`, '', '```json', JSON.stringify(answer, null, 2), '```'];

const errorsOf = (route: AnyRoute): string[] => {
  const codes = codesOf(route, documentation.operations[routeName(route)]?.codes);
  const own = codes.filter((code) => !COMMON.has(code));
  return own.length > 0 ? ['', `Errors: ${own.map((code) => `\`${code}\``).join(', ')}.`] : [];
};

/** A route as a section of the documentation: what it does, who may, its input, a request, an answer, errors. */
export const endpointSection = (route: AnyRoute, { paths }: OpenApiDocument): string[] => {
  const example = documentation.examples[routeName(route)];
  const inputs = inputsOf(route).map((input) => `- ${input}`);
  return [
    '',
    `#### ${route.summary}`,
    '',
    `\`${route.method.toUpperCase()} ${route.path}\``,
    '',
    paths[documentPath(route.path)]?.[route.method]?.description ?? '',
    ...(inputs.length > 0 ? ['', ...inputs] : []),
    ...(example ? ['', ...curl(route, example), '', ...answerOf(example)] : []),
    ...errorsOf(route),
  ];
};
