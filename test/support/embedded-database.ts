/** Program: an embedded database in the folder given; prints its URI, ends when its input does. */
import { startEmbeddedDb } from '@parley-chat/embedded-mongo';

const database = await startEmbeddedDb({ dataDir: process.argv[2]! });
console.log(database.uri);
process.stdin.resume().once('end', () => {
  void database.close();
});
