import { type Screen, withProject } from '../screen';
import { Export } from './export';

export const exporting: Screen = { path: 'export', icon: 'export', open: withProject, component: Export };
