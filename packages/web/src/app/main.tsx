import { App } from './App.js';
import { startPage } from '../start-page.js';

startPage('app', <App />);
