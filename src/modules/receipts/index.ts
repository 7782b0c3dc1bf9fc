export { DeliveryTracker } from './delivery-tracker.js';
export type { PositionEvent, ReceiptEvents } from './receipts.events.js';
export { receiptCommands, receiptRenderings } from './receipts.gateway.js';
export { Receipts } from './receipts.service.js';
export type { Delivery, ReadPosition, ReadTarget } from './receipts.service.js';
export { receiptRoutes } from './receipts.routes.js';
