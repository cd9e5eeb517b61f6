import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Shell } from './shell';
import { ToastArea } from './ui/toast';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/apps.css';
import './styles/app.css';
import './styles/views.css';

const root = document.querySelector('#root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <ToastArea>
        <Shell />
      </ToastArea>
    </StrictMode>,
  );
}
