/** What the shop sells. */
export const products = [
  { id: 'teapot', name: 'Blue teapot', price: '€ 48', text: 'Stoneware, 0.8 l.' },
  { id: 'lamp', name: 'Reading lamp', price: '€ 79', text: 'Warm light, brass arm.' },
  { id: 'chair', name: 'Oak chair', price: '€ 129', text: 'Oiled, made to last.' },
];
