import { Router } from 'express';
import { createAsyncApi } from '../socket/asyncapi.js';
import type { AsyncApiDocument } from '../socket/asyncapi.js';
import type { ProtocolTables } from '../socket/protocol-model.js';
import { createProtocolModel } from '../socket/protocol-model.js';
import { PROTOCOL_PAGE_STYLE, protocolPage } from './protocol-page.js';

/**
 * Serves the documentation of the sockets: the AsyncAPI document at `/api/docs/asyncapi.json`, and a page made of it
 * at `/api/docs/events`.
 */
export const createProtocolDocsRouter = (tables: ProtocolTables, version: string): Router => {
  // Made when first asked for: a start need not wait for it.
  let document: AsyncApiDocument | undefined;
  const known = () => (document ??= createAsyncApi(createProtocolModel(tables), version));
  const router = Router();
  router.get('/api/docs/asyncapi.json', (_req, res) => {
    res.json(known());
  });
  router.get('/api/docs/events', (_req, res) => {
    res.type('html').send(protocolPage(known()));
  });
  router.get('/api/docs/events.css', (_req, res) => {
    res.type('css').send(PROTOCOL_PAGE_STYLE);
  });
  return router;
};
