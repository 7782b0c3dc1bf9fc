import type { Server } from 'socket.io';
import type { Subscription } from '../../platform/event-bus.js';
import type { Audience, ForClients } from '../../shared/audience.js';
import { channelsOf } from './audience-channels.js';
import type { DialectMask, DialectName } from './dialect.js';
import { hears } from './dialect.js';
import type { SocketRegistry } from './socket-registry.js';
import { heard, channels } from './channels.js';
import type { Emission, Rendering, RenderingTable } from './rendering.js';

/** What one dialect says to one part of an audience under one name. */
interface Variant {
  dialect: DialectName;
  payload: unknown;
}

/** An emission and the dialect that it is in. */
interface Said {
  dialect: DialectName;
  emission: Emission;
}

/** Everything that goes to one part of an audience under one name, in whatever dialects. */
interface Group {
  emission: Emission;
  variants: Variant[];
}

/**
 * Turns domain events into socket events, for the sockets of this node. Every node gets every event,
 * so nothing is published to other nodes from here.
 *
 * A socket of several dialects gets an event that two of them name alike once, with the fields
 * of both.
 */
export class Delivery<Events extends object> {
  constructor(
    private readonly io: Server,
    private readonly registry: SocketRegistry,
  ) {}

  /** Renders what the tables cover. */
  subscriptions(tables: RenderingTable<Events>[]): Subscription<Events>[] {
    const types = new Set(
      tables.flatMap(({ renderings }) => Object.keys(renderings) as (keyof Events & string)[]),
    );
    return [...types].map((type) => {
      const speakers = tables.filter(({ renderings }) => renderings[type]);
      return {
        event: type,
        phase: 'deliver',
        on: 'every-node',
        does: 'tells the clients',
        run: (event: Events[typeof type]) => this.render(type, event, speakers),
      } satisfies Subscription<Events>;
    });
  }

  /** Emits to this node's sockets; `variants` holds the payload per dialect. */
  private emit(audience: Audience, { emission, variants }: Group): void {
    const { to, except } = channelsOf(audience, emission.part, this.registry);
    if (to.length === 0) return;
    const without = emission.isVolatile ? [...except, channels.slow()] : except;
    for (const [dialects, masks] of this.audiencesOf(variants)) {
      const target = this.io.local
        .to(masks.flatMap((mask) => to.map((channel) => heard(channel, mask))))
        .except(masks.flatMap((mask) => without.map((channel) => heard(channel, mask))));
      const said = variants.filter(({ dialect }) => dialects.includes(dialect));
      const payload =
        said.length === 1
          ? said[0]!.payload
          : Object.assign({}, ...said.map((variant) => variant.payload));
      target.emit(emission.event, payload);
    }
  }

  /** The sets of sockets on this node that receive the same of these variants. */
  private audiencesOf(variants: Variant[]): Map<string, DialectMask[]> {
    const audiences = new Map<string, DialectMask[]>();
    for (const mask of this.registry.activeMasks()) {
      const dialects = variants
        .map(({ dialect }) => dialect)
        .filter((dialect) => hears(mask, dialect))
        .join();
      if (!dialects) continue;
      const masks = audiences.get(dialects);
      if (masks) masks.push(mask);
      else audiences.set(dialects, [mask]);
    }
    return audiences;
  }

  private render<K extends keyof Events & string>(
    type: K,
    event: Events[K],
    tables: RenderingTable<Events>[],
  ): void | Promise<void> {
    const spoken = tables.filter(({ dialect }) => this.registry.isSpoken(dialect));
    // Only events with an audience have renderings.
    const { audience } = event as ForClients;
    const ready: Said[] = [];
    const late: Promise<void>[] = [];
    for (const { dialect, renderings } of spoken) {
      const { render } = renderings[type] as Rendering<Events[K]>;
      for (const emission of render(event, this.registry)) {
        if (emission instanceof Promise) {
          late.push(emission.then((found) => this.send(audience, [{ dialect, emission: found }])));
        } else {
          ready.push({ dialect, emission });
        }
      }
    }
    this.send(audience, ready);
    return late.length > 0 ? Promise.all(late).then(() => undefined) : undefined;
  }

  private send(audience: Audience, emissions: Said[]): void {
    const groups = new Map<string, Group>();
    const said = new Map<string, number>();
    for (const { dialect, emission } of emissions) {
      const name = `${emission.event} ${JSON.stringify(emission.part ?? {})}`;
      // One dialect may say several things to one part of the audience: its first is merged with the others'
      // first, its second with their second.
      const turn = said.get(`${dialect} ${name}`) ?? 0;
      said.set(`${dialect} ${name}`, turn + 1);
      const key = `${name} ${turn}`;
      const variant = { dialect, payload: emission.payload };
      const group = groups.get(key);
      if (group) group.variants.push(variant);
      else groups.set(key, { emission, variants: [variant] });
    }
    for (const group of groups.values()) this.emit(audience, group);
  }
}
