/** The pieces that both pages are built of. Heavy ones that few screens need are imported by their file. */
export { Avatar, initialsOf } from './Avatar.js';
export { Badge, VisuallyHidden } from './Badge.js';
export { Button, IconButton } from './Button.js';
export { cx } from './cx.js';
export { ConfirmDialog, Dialog } from './Dialog.js';
export { Checkbox, Field, SearchField, Switch } from './Field.js';
export { List, ListRow } from './List.js';
export { Menu } from './Menu.js';
export type { MenuAction } from './Menu.js';
export { Select } from './Select.js';
export { EmptyState, ErrorState, Skeleton } from './States.js';
export { Table } from './Table.js';
export type { Column, Sort } from './Table.js';
export { Tabs } from './Tabs.js';
export { toast, toastError, Toasts } from './Toast.js';
