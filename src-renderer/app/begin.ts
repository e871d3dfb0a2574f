import { showError } from '../components/toast';
import { start } from '../studio/actions';
import { connect } from '../studio/connect';
import { useStudio } from '../studio/store';
import { go, pathOf } from './navigation';

/** Connects and reads what the studio has; a project that the host was started with is shown at once. */
export async function begin(): Promise<void> {
  try {
    await connect();
    await start();
    useStudio.setState({ connection: 'open' });
    const { project } = useStudio.getState();
    if (project !== null && pathOf(window.location.hash) === 'start') go('inspect');
  } catch (error) {
    useStudio.setState({ connection: 'lost' });
    showError(error);
  }
}
