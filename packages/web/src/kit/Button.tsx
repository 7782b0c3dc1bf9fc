import type { ReactNode } from 'react';
import { Button as AriaButton, Tooltip, TooltipTrigger } from 'react-aria-components';
import type { ButtonProps as AriaButtonProps } from 'react-aria-components';
import styles from './Button.module.css';
import { cx } from './cx.js';

export interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'style' | 'children'> {
  /** `primary`: the one thing to do here. `danger`: takes something away. `quiet`: beside others. */
  variant?: 'primary' | 'secondary' | 'danger' | 'quiet';
  icon?: ReactNode;
  /** As wide as what it stands in. */
  isWide?: boolean;
  children: ReactNode;
}

/** A button with a verb on it. */
export const Button = ({ variant = 'secondary', icon, isWide, children, ...rest }: ButtonProps) => (
  <AriaButton {...rest} className={cx(styles.button, styles[variant], isWide && styles.wide)}>
    {({ isPending }) => (
      <>
        {isPending ? <span className={styles.spinner} aria-hidden /> : icon}
        <span>{children}</span>
      </>
    )}
  </AriaButton>
);

export interface IconButtonProps extends Omit<AriaButtonProps, 'className' | 'style' | 'children'> {
  /** What it does: its name, and what is shown when somebody points at it. */
  label: string;
  variant?: 'quiet' | 'primary' | 'danger';
  /** It stands for something that is on. */
  isActive?: boolean;
  children: ReactNode;
}

/** A button that shows an icon; its name is told and shown on hover and focus. */
export const IconButton = ({
  label,
  variant = 'quiet',
  isActive,
  children,
  ...rest
}: IconButtonProps) => (
  <TooltipTrigger delay={500} closeDelay={50}>
    <AriaButton
      {...rest}
      aria-label={label}
      className={cx(styles.icon, styles[variant], isActive && styles.active)}
    >
      {children}
    </AriaButton>
    <Tooltip className={styles.tooltip!} offset={6}>
      {label}
    </Tooltip>
  </TooltipTrigger>
);
