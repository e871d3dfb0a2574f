import { type Screen, withProject } from '../screen';
import { Data } from './data';

export const data: Screen = { path: 'data', icon: 'data', open: withProject, component: Data };
