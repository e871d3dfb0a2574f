import { type Screen, withProject } from '../screen';
import { Inspect } from './inspect';

export const inspect: Screen = { path: 'inspect', icon: 'model', open: withProject, component: Inspect };
