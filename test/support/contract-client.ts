/**
 * An HTTP client that holds every answer against the specification the server itself serves: an answer
 * whose status is not documented, or whose body does not fit its schema, fails the test that asked.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import type { OpenApiDocument, OpenApiOperation } from '../../src/transport/http/openapi.js';
import type { TestServer } from './server.js';

/** A request to a route of the specification, named by its path there: `/api/chats/{chatId}`. */
export interface ContractRequest {
  token?: string;
  params?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  /** Sent as a multipart form, instead of `body`. */
  form?: FormData;
  headers?: Record<string, string>;
}

/** An answer that fits the specification. */
export interface ContractAnswer {
  status: number;
  headers: Headers;
  /** The parsed JSON; undefined when the answer is not JSON. */
  body: { data?: unknown; code?: string; pagination?: unknown };
}

const DOCUMENT = 'parley:openapi';
const pointer = (...parts: string[]): string =>
  parts
    .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');

/** The name of an operation in the tests' tables. */
export const operationName = (method: string, path: string): string => `${method} ${path}`;

/** See the file's comment. */
export class ContractClient {
  /** Operations that have answered with success at least once. */
  readonly succeeded = new Set<string>();
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true, logger: false });
  private readonly validators = new Map<string, ValidateFunction>();

  private constructor(
    private readonly server: TestServer,
    readonly document: OpenApiDocument,
  ) {
    addFormats.default(this.ajv);
    this.ajv.addSchema({ $id: DOCUMENT, ...document });
  }

  /** A client of the server, with the specification that it serves. */
  static async of(server: TestServer): Promise<ContractClient> {
    const res = await fetch(`${server.url}/api/docs/openapi.json`);
    return new ContractClient(server, (await res.json()) as OpenApiDocument);
  }

  /** Every operation of the specification, as `get /api/chats/{chatId}`. */
  operations(): { name: string; method: string; path: string; operation: OpenApiOperation }[] {
    return Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        name: operationName(method, path),
        method,
        path,
        operation,
      })),
    );
  }

  /** Calls a route, and gives its answer when that fits the specification. */
  async call(method: string, path: string, request: ContractRequest = {}): Promise<ContractAnswer> {
    const operation = this.document.paths[path]?.[method];
    if (!operation) throw new Error(`${method} ${path} is not in the specification`);
    const res = await fetch(this.url(path, request), {
      method: method.toUpperCase(),
      redirect: 'manual',
      ...bodyOf(request),
    });
    const type = res.headers.get('content-type')?.split(';')[0] ?? '';
    const body = (type.endsWith('json') ? await res.json() : undefined) as ContractAnswer['body'];
    this.check(operation, method, path, res.status, type, body);
    if (res.status < 400) this.succeeded.add(operationName(method, path));
    return { status: res.status, headers: res.headers, body };
  }

  private url(path: string, { params = {}, query = {} }: ContractRequest): string {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = params[name];
      if (value === undefined) throw new Error(`${path} needs the parameter ${name}`);
      return encodeURIComponent(value);
    });
    const search = new URLSearchParams(query).toString();
    return `${this.server.url}${filled}${search && `?${search}`}`;
  }

  private check(
    operation: OpenApiOperation,
    method: string,
    path: string,
    status: number,
    type: string,
    body: unknown,
  ): void {
    const where = `${method} ${path} → ${status}`;
    const response = operation.responses[status];
    if (!response) throw new Error(`${where} is not documented: ${JSON.stringify(body)}`);
    const reference = response.$ref as string | undefined;
    const base = reference?.slice(2).split('/') ?? [
      'paths',
      path,
      method,
      'responses',
      String(status),
    ];
    const content = (reference ? this.sharedResponse(base) : response).content as
      Record<string, unknown> | undefined;
    if (!content) return;
    // A stream is documented as any bytes.
    if ('application/octet-stream' in content) return;
    if (!(type in content)) throw new Error(`${where} is ${type}, which is not documented`);
    const validate = this.validator(pointer(...base, 'content', type, 'schema'));
    if (!validate(body)) {
      const errors = this.ajv.errorsText(validate.errors, { separator: '\n  ', dataVar: 'answer' });
      throw new Error(`${where} does not fit its schema:\n  ${errors}\n${JSON.stringify(body)}`);
    }
  }

  private sharedResponse([, kind = '', name = '']: string[]): Record<string, unknown> {
    return this.document.components[kind]?.[name] ?? {};
  }

  private validator(path: string): ValidateFunction {
    const known = this.validators.get(path);
    if (known) return known;
    const validator = this.ajv.compile({ $ref: `${DOCUMENT}#/${path}` });
    this.validators.set(path, validator);
    return validator;
  }
}

const bodyOf = ({ token, body, form, headers = {} }: ContractRequest): RequestInit => ({
  headers: {
    ...(token && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...headers,
  },
  ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  ...(form && { body: form }),
});
