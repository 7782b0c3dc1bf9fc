import { Types } from 'mongoose';

/** The database's form of one of our ids; the caller has validated it. */
export const objectId = (id: string): Types.ObjectId => new Types.ObjectId(id);
