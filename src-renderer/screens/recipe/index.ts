import { type Screen, withProject } from '../screen';
import { RecipeScreen } from './recipe';

export const recipe: Screen = { path: 'recipe', icon: 'recipe', open: withProject, component: RecipeScreen };
