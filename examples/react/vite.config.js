import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { yourServer } from './your-server.js';

export default defineConfig({ plugins: [react(), yourServer()] });
