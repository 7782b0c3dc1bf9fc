import type { ReactNode } from 'react';
import { Tab, TabList, TabPanel, Tabs as AriaTabs } from 'react-aria-components';
import styles from './Tabs.module.css';

export interface TabsProps<T extends string> {
  label: string;
  value: T;
  onChange: (id: T) => void;
  tabs: readonly { id: T; text: string; badge?: ReactNode; content: ReactNode }[];
}

/** Several views of one thing, one at a time. */
export const Tabs = <T extends string>({ label, value, onChange, tabs }: TabsProps<T>) => (
  <AriaTabs
    className={styles.tabs!}
    selectedKey={value}
    onSelectionChange={(key) => {
      onChange(key as T);
    }}
  >
    <TabList aria-label={label} className={styles.list!}>
      {tabs.map(({ id, text, badge }) => (
        <Tab key={id} id={id} className={styles.tab!}>
          {text}
          {badge}
        </Tab>
      ))}
    </TabList>
    {tabs.map(({ id, content }) => (
      <TabPanel key={id} id={id} className={styles.panel!}>
        {content}
      </TabPanel>
    ))}
  </AriaTabs>
);
