export { DeliveryTracker } from './delivery-tracker.js';
export type { PositionEvent, ReceiptEvents } from './receipts.events.js';
export { Receipts } from './receipts.js';
export type { Delivery, ReadPosition, ReadTarget } from './receipts.js';
