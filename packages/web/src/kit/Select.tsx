import {
  Button as AriaButton,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  Select as AriaSelect,
  SelectValue,
} from 'react-aria-components';
import { Check, ChevronDown } from 'lucide-react';
import styles from './Field.module.css';
import { cx } from './cx.js';

export interface SelectProps<T extends string> {
  label: string;
  /** Tells the label, without showing it. */
  isLabelHidden?: boolean;
  value: T;
  onChange: (value: T) => void;
  options: readonly { id: T; text: string }[];
  isDisabled?: boolean;
}

/** One of a few. */
export const Select = <T extends string>({
  label,
  isLabelHidden = false,
  value,
  onChange,
  options,
  isDisabled = false,
}: SelectProps<T>) => (
  <AriaSelect
    {...(isLabelHidden && { 'aria-label': label })}
    value={value}
    onChange={(key) => {
      onChange(key as T);
    }}
    isDisabled={isDisabled}
    className={styles.field!}
  >
    {!isLabelHidden && <Label className={styles.label!}>{label}</Label>}
    <AriaButton className={cx(styles.input, styles.select)}>
      <SelectValue />
      <ChevronDown aria-hidden />
    </AriaButton>
    <Popover className={styles.popover!}>
      <ListBox className={styles.list!} items={options}>
        {({ id, text }) => (
          <ListBoxItem id={id} textValue={text} className={styles.option!}>
            {({ isSelected }) => (
              <>
                <span>{text}</span>
                {isSelected && <Check aria-hidden />}
              </>
            )}
          </ListBoxItem>
        )}
      </ListBox>
    </Popover>
  </AriaSelect>
);
