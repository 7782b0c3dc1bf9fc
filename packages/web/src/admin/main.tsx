import { Admin } from './Admin.js';
import { startPage } from '../start-page.js';

startPage('admin', <Admin />);
