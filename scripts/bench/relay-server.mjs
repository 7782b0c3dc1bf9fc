/**
 * What Parley is compared with: a bare Socket.IO relay with rooms and acks, and Express answering JSON.
 * No accounts, no database, no validation. Plain JavaScript, so that nothing but Node runs it.
 */
import { createServer } from 'node:http';
import express from 'express';
import { Server } from 'socket.io';

const app = express();
let page = {};
app.use(express.json({ limit: '10mb' }));
app.put('/page', (req, res) => {
  page = req.body;
  res.json({ ok: true });
});
app.get('/page', (_req, res) => {
  res.json(page);
});
app.get('/ready', (_req, res) => {
  res.json({ ok: true });
});

const server = createServer(app);
const io = new Server(server, { serveClient: false });
io.on('connection', (socket) => {
  socket.on('join', (room, ack) => {
    socket.join(room);
    ack({ ok: true });
  });
  socket.on('send', ({ room, content }, ack) => {
    socket.to(room).emit('message', { room, content, senderId: socket.id, createdAt: new Date() });
    ack({ ok: true });
  });
});
server.listen(Number(process.env.PORT), '127.0.0.1');
