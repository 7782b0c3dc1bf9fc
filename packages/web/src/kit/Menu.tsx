import type { ReactElement, ReactNode } from 'react';
import { Menu as AriaMenu, MenuItem, MenuTrigger, Popover, Separator } from 'react-aria-components';
import styles from './Menu.module.css';
import { cx } from './cx.js';

/** One thing to do. */
export interface MenuAction {
  id: string;
  text: string;
  icon?: ReactNode;
  isDanger?: boolean;
  isDisabled?: boolean;
  /** A line stands before it. */
  isApart?: boolean;
  onAction: () => void;
}

export interface MenuProps {
  /** What opens it: a Button or IconButton. */
  children: ReactElement;
  /** What it is about, for those who do not see it. */
  label: string;
  actions: readonly (MenuAction | false | undefined)[];
  onOpenChange?: (isOpen: boolean) => void;
}

/** Things to do, behind a button. */
export const Menu = ({ children, label, actions, onOpenChange }: MenuProps) => (
  <MenuTrigger {...(onOpenChange && { onOpenChange })}>
    {children}
    <Popover className={styles.popover!}>
      <AriaMenu className={styles.menu!} aria-label={label}>
        {actions
          .filter((action) => action !== false && action !== undefined)
          .flatMap(({ id, text, icon, isDanger, isDisabled, isApart, onAction }) => [
            ...(isApart ? [<Separator key={`${id}-line`} className={styles.line!} />] : []),
            <MenuItem
              key={id}
              id={id}
              textValue={text}
              {...(isDisabled && { isDisabled })}
              onAction={onAction}
              className={cx(styles.item, isDanger && styles.danger)}
            >
              {icon}
              <span>{text}</span>
            </MenuItem>,
          ])}
      </AriaMenu>
    </Popover>
  </MenuTrigger>
);
