import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** The process's counters, in Prometheus' form. One set per node, so that tests can run several. */
export const createMetrics = () => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    /** Messages that the database has, per transport-independent kind. */
    messagesSent: new Counter({
      name: 'parley_messages_sent_total',
      help: 'Messages written',
      registers,
    }),
    /** Messages per group commit. */
    commitSize: new Histogram({
      name: 'parley_commit_size',
      help: 'Messages written by one insert',
      buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500],
      registers,
    }),
    /** Frames that were dropped because they had no ack to carry the error. */
    framesDropped: new Counter({
      name: 'parley_frames_dropped_total',
      help: 'Malformed or refused socket frames without an ack',
      labelNames: ['code'] as const,
      registers,
    }),
    connections: new Gauge({
      name: 'parley_connections',
      help: 'Connected sockets',
      registers,
    }),
    /** Connections that were refused: the process, the address, the user or, over HTTP, the address has too many, or the queue is full. */
    connectionsRefused: new Counter({
      name: 'parley_connections_refused_total',
      help: 'Connections refused by a cap or by the queue of handshakes',
      labelNames: ['reason'] as const,
      registers,
    }),
    handshakesWaiting: new Gauge({
      name: 'parley_handshakes_waiting',
      help: 'Connections that wait for their handshake',
      registers,
    }),
    loadLevel: new Gauge({
      name: 'parley_load_level',
      help: 'How busy the process is: 0 normal, 1 strained, 2 overloaded',
      registers,
    }),
    /** What was refused or put off because the process was busy, by what it is. */
    shed: new Counter({
      name: 'parley_shed_total',
      help: 'Commands, requests and announcements given up under load',
      labelNames: ['what'] as const,
      registers,
    }),
    /** Attempts to send mails: sent, failed (tried again), refused (given up), obsolete (nothing to say any more). */
    mails: new Counter({
      name: 'parley_mails_total',
      help: 'Attempts to send mails',
      labelNames: ['outcome'] as const,
      registers,
    }),
    mailsWaiting: new Gauge({
      name: 'parley_mails_waiting',
      help: 'Mails that wait to be sent, as the node last counted that sends them',
      registers,
    }),
    httpDuration: new Histogram({
      name: 'parley_http_duration_seconds',
      help: 'Time to answer a request',
      labelNames: ['method', 'route', 'status'] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
    /** Attempts to deliver an event to a webhook: `delivered` or `failed`. */
    webhookDeliveries: new Counter({
      name: 'parley_webhook_deliveries_total',
      help: 'Attempts to deliver events to webhooks',
      labelNames: ['outcome'] as const,
      registers,
    }),
    webhookOldestWaiting: new Gauge({
      name: 'parley_webhook_oldest_waiting_seconds',
      help: 'Age of an event that is next to be delivered; 0 when none waits',
      registers,
    }),
    /** Answers of PRE_SEND_URL: `accepted`, `changed`, `refused`, or `failed` for none that can be used. */
    preSendDuration: new Histogram({
      name: 'parley_pre_send_duration_seconds',
      help: 'Time until the pre-send hook has answered, or was given up',
      labelNames: ['outcome'] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5],
      registers,
    }),
    unhandledErrors: new Counter({
      name: 'parley_unhandled_errors_total',
      help: 'Errors without a published code',
      registers,
    }),
  };
};

/** The process's counters. */
export type Metrics = ReturnType<typeof createMetrics>;
