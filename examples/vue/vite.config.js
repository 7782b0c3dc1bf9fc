import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';
import { yourServer } from './your-server.js';

export default defineConfig({ plugins: [vue(), yourServer()] });
