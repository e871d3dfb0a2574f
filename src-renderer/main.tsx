import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '@mantine/spotlight/styles.css';
import './app/app.css';
import { createRoot } from 'react-dom/client';
import { App } from './app/app';
import { begin } from './app/begin';
import { initLanguage } from './app/i18n';

await initLanguage();
createRoot(document.getElementById('root') as HTMLElement).render(<App />);
await begin();
