/** The page's element of an id. */
export const byId = <T extends HTMLElement = HTMLElement>(id: string): T => {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as T;
};

/** Makes an element. Text is always set as text, so nothing that people write becomes markup. */
export const make = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { text, ...properties }: Partial<Omit<HTMLElementTagNameMap[K], 'text'>> & { text?: string } = {},
  ...children: Node[]
): HTMLElementTagNameMap[K] => {
  const element = Object.assign(document.createElement(tag), properties);
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
};

/** An element for what people have written: each in the direction of its own script. */
export const written = <K extends 'span' | 'strong' | 'a' | 'li'>(
  tag: K,
  properties: Parameters<typeof make<K>>[1],
): HTMLElementTagNameMap[K] => {
  const element = make(tag, properties);
  element.dir = 'auto';
  return element;
};

/** The letters that stand for a picture. */
export const initials = (name: string): string =>
  name
    .split(/[\s._-]+/)
    .slice(0, 2)
    .map((word) => (word.at(0) ?? '').toUpperCase())
    .join('');

/** An avatar with a dot for those who are here. */
export const avatar = (name: string, isOnline: boolean): HTMLElement => {
  const element = make('span', { className: 'avatar', text: initials(name) });
  element.classList.toggle('online', isOnline);
  element.setAttribute('aria-hidden', 'true');
  return element;
};

/** Hours and minutes of today, or the date. */
export const shortTime = (iso: string): string => {
  const date = new Date(iso);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday
    ? date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : date.toLocaleDateString();
};
