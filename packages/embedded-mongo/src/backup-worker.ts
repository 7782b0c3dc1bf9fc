import { parentPort, workerData } from 'node:worker_threads';
import { backupDatabase } from './storage/backup.js';
import type { BackupOptions } from './worker-messages.types.js';

/** A thread for one backup, so that neither the database nor the application waits for it. */
const { dataDir, file } = workerData as BackupOptions;
backupDatabase(dataDir, file);
parentPort!.postMessage('done');
