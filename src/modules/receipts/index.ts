export { DeliveryTracker } from './delivery-tracker.js';
export type { PositionEvent, ReceiptEvents } from './receipts.events.js';
export { receiptCommands, receiptRenderings } from '../../api/native/receipts/receipts.commands.js';
export { Receipts } from './receipts.js';
export type { Delivery, ReadPosition, ReadTarget } from './receipts.js';
export { receiptRoutes } from '../../api/native/receipts/receipts.routes.js';
