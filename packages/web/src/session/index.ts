/** Who is signed in. */
export { SessionGate } from './SessionGate.js';
export { useSignOut } from './use-sign-out.js';
