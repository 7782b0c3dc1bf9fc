import { Types } from 'mongoose';

/** The database's form of one of our ids; the caller has validated it. */
export const objectId = (id: string): Types.ObjectId => new Types.ObjectId(id);

/** The first id that can have been made since a time, whose second it holds. */
export const firstIdOf = (time: Date): Types.ObjectId =>
  Types.ObjectId.createFromTime(Math.max(0, Math.floor(time.getTime() / 1000)));
