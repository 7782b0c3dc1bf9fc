/** Two real browsers: one streams a moving picture over WebRTC, the other sees it. Parley only signals. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../support/browser.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';

let server: TestServer;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([
    startServer(),
    // Both ends are on this machine; without their real addresses they would not find each other.
    startBrowser(['--disable-features=WebRtcHideLocalIpsWithMdns']),
  ]);
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

const socketClient = (): string => {
  const entry = createRequire(import.meta.url).resolve('socket.io-client/package.json');
  return readFileSync(join(dirname(entry), 'dist/socket.io.min.js'), 'utf8');
};

/** A page with the socket client, connected as a user; `signals` are those not yet taken. */
const openPage = async (user: TestUser): Promise<Page> => {
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  await page.goto(`${server.url}/health`);
  await page.addScriptTag({ content: socketClient() });
  await page.evaluate(
    `window.socket = io({ auth: { token: ${JSON.stringify(user.token)}, dialect: 'native' } });
     window.peer = new RTCPeerConnection();
     window.command = async (event, payload) => {
       const ack = await socket.emitWithAck(event, payload);
       if (!ack.ok) throw new Error(event + ': ' + ack.error.code);
       return ack.data;
     };
     window.signalling = (liveId, to) => {
       peer.onicecandidate = ({ candidate }) => {
         if (candidate) socket.emit('live_signal', { liveId, to, data: { candidate: candidate.toJSON() } });
       };
       socket.on('live_signal', async ({ data }) => {
         if (data.candidate) return peer.addIceCandidate(data.candidate);
         await peer.setRemoteDescription(data);
         if (data.type === 'offer') {
           await peer.setLocalDescription(await peer.createAnswer());
           socket.emit('live_signal', { liveId, to, data: peer.localDescription.toJSON() });
         }
       });
     };`,
  );
  return page;
};

it('a live stream carries a picture from one browser to another', async () => {
  const { alice, bob, chatId } = await openDirectChat(server);
  const [host, viewer] = [await openPage(alice), await openPage(bob)];
  const liveId = await host.evaluate<string>(
    `command('start_live', { title: 'Colours', chatId: '${chatId}' }).then(({ liveId }) => liveId)`,
  );
  await viewer.evaluate(
    `window.frames_ = new Promise((resolve) => {
       peer.ontrack = ({ streams: [stream] }) => {
         const video = document.createElement('video');
         video.muted = true;
         video.srcObject = stream;
         document.body.append(video);
         video.requestVideoFrameCallback((_, { width, height }) => resolve({ width, height }));
         return video.play();
       };
     });
     signalling('${liveId}', '${alice.id}');
     command('join_live', { liveId: '${liveId}' })`,
  );
  await host.evaluate(
    `(async () => {
       const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 48 });
       const drawing = canvas.getContext('2d');
       let hue = 0;
       setInterval(() => {
         drawing.fillStyle = 'hsl(' + (hue += 20) + ' 90% 50%)';
         drawing.fillRect(0, 0, 64, 48);
       }, 40);
       for (const track of canvas.captureStream(25).getTracks()) peer.addTrack(track, new MediaStream([track]));
       signalling('${liveId}', '${bob.id}');
       await peer.setLocalDescription(await peer.createOffer());
       await command('live_signal', { liveId: '${liveId}', to: '${bob.id}', data: peer.localDescription.toJSON() });
     })()`,
  );
  const frame = await viewer.evaluate<{ width: number; height: number }>('frames_');
  expect(frame).toEqual({ width: 64, height: 48 });
});
