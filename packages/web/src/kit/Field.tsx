import type { ReactNode } from 'react';
import {
  Checkbox as AriaCheckbox,
  FieldError,
  Input,
  Label,
  Button as AriaButton,
  SearchField as AriaSearchField,
  Switch as AriaSwitch,
  Text,
  TextArea,
  TextField,
} from 'react-aria-components';
import type { TextFieldProps } from 'react-aria-components';
import { Check, Search, X } from 'lucide-react';
import styles from './Field.module.css';
import { useText } from '../i18n/index.js';

export interface FieldProps extends Omit<TextFieldProps, 'className' | 'style' | 'children'> {
  label: string;
  /** What to fill in, below the field. */
  hint?: ReactNode;
  /** Why the value will not do; shown at once. */
  error?: string | undefined;
  /** Lines; a field of one line unless told. */
  rows?: number;
  placeholder?: string;
}

/** A field to write in, with its label, hint and error. */
export const Field = ({ label, hint, error, rows, placeholder, ...rest }: FieldProps) => (
  <TextField
    {...rest}
    isInvalid={error !== undefined || rest.isInvalid === true}
    className={styles.field!}
  >
    <Label className={styles.label!}>{label}</Label>
    {rows === undefined ? (
      <Input className={styles.input!} placeholder={placeholder} dir="auto" />
    ) : (
      <TextArea className={styles.input!} rows={rows} placeholder={placeholder} dir="auto" />
    )}
    {hint !== undefined && (
      <Text slot="description" className={styles.hint!}>
        {hint}
      </Text>
    )}
    <FieldError className={styles.error!}>
      {({ validationErrors }) => error ?? validationErrors.join(' ')}
    </FieldError>
  </TextField>
);

export interface SearchFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  onSubmit?: (value: string) => void;
  placeholder?: string;
  autoFocus?: boolean;
}

/** A field for words to look for; its label is told, not shown. */
export const SearchField = ({ label, placeholder, ...rest }: SearchFieldProps) => {
  const t = useText();
  return (
    <AriaSearchField {...rest} aria-label={label} className={styles.search!}>
      <Search aria-hidden />
      <Input placeholder={placeholder ?? label} className={styles.searchInput!} dir="auto" />
      <AriaButton className={styles.clear!} aria-label={t('action.clear')}>
        <X aria-hidden />
      </AriaButton>
    </AriaSearchField>
  );
};

export interface SwitchProps {
  children: ReactNode;
  hint?: ReactNode;
  isSelected: boolean;
  onChange: (isSelected: boolean) => void;
  isDisabled?: boolean;
}

/** Something that is on or off, at once. */
export const Switch = ({ children, hint, ...rest }: SwitchProps) => (
  <AriaSwitch {...rest} className={styles.switch!}>
    <span className={styles.track} aria-hidden />
    <span className={styles.switchText}>
      <span>{children}</span>
      {hint !== undefined && <span className={styles.hint}>{hint}</span>}
    </span>
  </AriaSwitch>
);

export interface CheckboxProps {
  children: ReactNode;
  isSelected: boolean;
  onChange: (isSelected: boolean) => void;
  isDisabled?: boolean;
}

/** Something that is chosen, to be sent with the form. */
export const Checkbox = ({ children, ...rest }: CheckboxProps) => (
  <AriaCheckbox {...rest} className={styles.checkbox!}>
    {({ isSelected }) => (
      <>
        <span className={styles.box} aria-hidden>
          {isSelected && <Check />}
        </span>
        {children}
      </>
    )}
  </AriaCheckbox>
);
