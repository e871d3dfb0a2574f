import { type Screen, withProject } from '../screen';
import { Compare } from './compare';

export const compare: Screen = { path: 'compare', icon: 'chart', open: withProject, component: Compare };
