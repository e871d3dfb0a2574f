import { type Screen, withProject } from '../screen';
import { Run } from './run';

export const run: Screen = { path: 'run', icon: 'run', open: withProject, component: Run };
