import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import mongoose from 'mongoose';
import { runDb } from './embedded-db.fixture.js';
import type { RunningDb } from './embedded-db.fixture.js';

interface User {
  name: string;
  email: string;
}

interface Room {
  title: string;
  members: mongoose.Types.ObjectId[];
}

interface Message {
  room: mongoose.Types.ObjectId;
  from: mongoose.Types.ObjectId;
  text: string;
  reactions: Map<string, string[]>;
  expires: Date;
  createdAt: Date;
}

const { ObjectId } = mongoose.Schema.Types;
const userSchema = new mongoose.Schema<User>(
  {
    name: { type: String, required: true },
    email: { type: String, unique: true, lowercase: true },
  },
  { timestamps: true },
);
const roomSchema = new mongoose.Schema<Room>({
  title: String,
  members: [{ type: ObjectId, ref: 'User' }],
});
const messageSchema = new mongoose.Schema<Message>(
  {
    room: { type: ObjectId, ref: 'Room', index: true },
    from: { type: ObjectId, ref: 'User' },
    text: String,
    reactions: { type: Map, of: [String] },
    expires: { type: Date, expires: 60 },
  },
  { timestamps: true, optimisticConcurrency: true },
);
messageSchema.index({ room: 1, createdAt: -1 });
messageSchema.index({ text: 1 });

describe('Mongoose on the embedded database', () => {
  let running: RunningDb;
  let connection: mongoose.Connection;
  let User: mongoose.Model<User>;
  let Room: mongoose.Model<Room>;
  let Message: mongoose.Model<Message>;
  beforeAll(async () => {
    running = await runDb();
    connection = await mongoose.createConnection(running.embedded.uri).asPromise();
    User = connection.model<User>('User', userSchema);
    Room = connection.model<Room>('Room', roomSchema);
    Message = connection.model<Message>('Message', messageSchema);
  });
  afterAll(async () => {
    await connection.close();
    await running.stop();
  });

  it('makes the indexes of the schemas and finds nothing to change afterwards', async () => {
    await Promise.all([User.init(), Message.init()]);
    const names = (await Message.collection.indexes()).map(({ name }) => name).sort();
    expect(names).toEqual(['_id_', 'expires_1', 'room_1', 'room_1_createdAt_-1', 'text_1']);
    await User.collection.createIndex({ stray: 1 });
    expect(await User.syncIndexes()).toEqual(['stray_1']);
    expect(await User.diffIndexes()).toEqual({ toDrop: [], toCreate: [] });
    expect(await Message.syncIndexes()).toEqual([]);
  });

  it('creates, populates, validates and refuses duplicates', async () => {
    const [ann, bo] = await User.create([
      { name: 'Ann', email: 'ANN@x' },
      { name: 'Bo', email: 'bo@x' },
    ]);
    await expect(User.create({ name: 'Again', email: 'ann@x' })).rejects.toMatchObject({
      code: 11000,
    });
    await expect(User.create({ email: 'q@x' })).rejects.toThrow(/name.*required/i);
    const room = await Room.create({ title: 'lobby', members: [ann!._id, bo!._id] });
    await Message.create({
      room: room._id,
      from: ann!._id,
      text: 'hello world',
      reactions: new Map([['up', ['Bo']]]),
    });
    const found = await Message.findOne({ room: room._id })
      .populate<{ from: { name: string } }>('from', 'name')
      .populate<{ room: { members: { name: string }[] } }>({
        path: 'room',
        populate: { path: 'members', select: 'name' },
      });
    expect(found?.from.name).toBe('Ann');
    expect(found?.room.members.map(({ name }) => name)).toEqual(['Ann', 'Bo']);
    expect(found?.createdAt).toBeInstanceOf(Date);
    expect(await Room.exists({ title: 'lobby' })).not.toBeNull();
    expect(await User.countDocuments()).toBe(2);
  });

  it('notices that a document was changed by somebody else', async () => {
    const { _id } = await Message.create({ text: 'first' });
    const [mine, stale] = [await Message.findById(_id), await Message.findById(_id)];
    mine!.set('text', 'edited');
    await mine!.save();
    stale!.set('text', 'lost');
    await expect(stale!.save()).rejects.toThrow(/No matching document/);
    expect(await Message.find({ text: 'edited' }).lean()).toHaveLength(1);
  });

  it('updates in bulk, walks cursors, and aggregates', async () => {
    await Message.deleteMany({});
    await Message.bulkWrite([
      { insertOne: { document: { text: 'b1' } as never } },
      { insertOne: { document: { text: 'b2' } as never } },
      { updateMany: { filter: {}, update: { $set: { text: 'all' } } as never } },
    ]);
    expect(await Message.countDocuments({ text: 'all' })).toBe(2);
    const seen: unknown[] = [];
    for await (const message of Message.find().sort({ _id: 1 }).cursor()) seen.push(message);
    expect(seen).toHaveLength(2);
    const [group] = await Message.aggregate([{ $group: { _id: '$text', n: { $sum: 1 } } }]);
    expect(group).toEqual({ _id: 'all', n: 2 });
    expect(
      await Message.findOneAndUpdate(
        { text: 'new' },
        { $set: { text: 'newer' } },
        { upsert: true, returnDocument: 'after' },
      ),
    ).toMatchObject({ text: 'newer' });
  });

  it('is told that there are no transactions', async () => {
    await expect(
      connection.transaction(async (session) => {
        await User.create([{ name: 'Tx', email: 't@x' }], { session });
      }),
    ).rejects.toThrow(/A transaction is not supported/);
    expect(await User.countDocuments({ name: 'Tx' })).toBe(0);
  });
});
