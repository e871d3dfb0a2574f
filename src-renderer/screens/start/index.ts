import type { Screen } from '../screen';
import { Start } from './start';

export const start: Screen = { path: 'start', icon: 'home', open: () => true, component: Start };
