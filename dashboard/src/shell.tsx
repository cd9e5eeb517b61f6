import { useCallback, useEffect, useState } from 'react';
import { api, whenSignedOut } from './api/client';
import { useKeys } from './keys';
import { parseRoute } from './lib/route';
import { followLinks, navigate, useAddress } from './navigate';
import { AppPage } from './pages/app/page';
import { AppsPage } from './pages/apps';
import { Help } from './pages/help';
import { LoginPage } from './pages/login';
import { ProjectsPage } from './pages/projects';
import { SettingsPage } from './pages/settings';
import { SetsPage } from './pages/sets';
import { Icon, Mark } from './ui/icons';
import { Link, Menu, MenuItem, Notice } from './ui/parts';
import { useTheme, type Theme } from './ui/theme';

const PAGES = [
  { to: '/applications', name: 'Applications', pages: ['apps', 'app'] },
  { to: '/applicationsets', name: 'ApplicationSets', pages: ['sets'] },
  { to: '/projects', name: 'Projects', pages: ['projects'] },
  { to: '/settings', name: 'Settings', pages: ['settings'] },
];

const THEMES: Record<Theme, { icon: string; name: string; next: Theme }> = {
  system: { icon: 'auto', name: 'Theme: as the system', next: 'light' },
  light: { icon: 'sun', name: 'Theme: light', next: 'dark' },
  dark: { icon: 'moon', name: 'Theme: dark', next: 'system' },
};

/** The frame of every page: who is here, where one is, and what the keyboard does everywhere. */
export function Shell() {
  const [user, setUser] = useState<string | null | undefined>(undefined);
  const [help, setHelp] = useState(false);
  const route = parseRoute(useAddress().split('?')[0] ?? '/');

  const look = useCallback(() => {
    api.userInfo().then((info) => setUser(info.username ?? 'user'), () => setUser(null));
  }, []);
  useEffect(() => {
    whenSignedOut(() => setUser(null));
    look();
    document.addEventListener('click', followLinks);
    return () => document.removeEventListener('click', followLinks);
  }, [look]);

  useKeys(user ? {
    '?': () => setHelp(true),
    'g a': () => navigate('/applications'),
    'g s': () => navigate('/applicationsets'),
    'g p': () => navigate('/projects'),
    'g e': () => navigate('/settings'),
  } : {});

  if (user === undefined) return null;
  if (user === null) return <LoginPage onLogin={look} />;
  return (
    <>
      <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); document.querySelector<HTMLElement>('#main')?.focus(); }}>Skip to content</a>
      <header className="shell">
        <Link to="/applications" className="brand" aria-label="Fairway, to the applications"><Mark /><span>Fairway</span></Link>
        <nav aria-label="Pages">
          {PAGES.map((page) => (
            <Link key={page.to} to={page.to} aria-current={page.pages.includes(route.page) ? 'page' : undefined}>{page.name}</Link>
          ))}
        </nav>
        <span className="grow" />
        <ThemeButton />
        <button type="button" className="button quiet square help-button" onClick={() => setHelp(true)} aria-label="Keyboard help" title="Keyboard help (?)"><Icon name="help" /></button>
        <Menu label={`Account ${user}`} icon="user" look="quiet">
          <MenuItem onClick={() => setHelp(true)} icon="help">Keyboard help</MenuItem>
          <MenuItem onClick={() => { api.logout().finally(() => setUser(null)); }} icon="back">Log out {user}</MenuItem>
        </Menu>
      </header>
      <main id="main" tabIndex={-1} className={`page-${route.page}`}>
        {route.page === 'apps' ? <AppsPage /> : null}
        {route.page === 'app' ? <AppPage key={`${route.namespace}/${route.name}`} namespace={route.namespace} name={route.name} /> : null}
        {route.page === 'projects' ? <ProjectsPage /> : null}
        {route.page === 'sets' ? <SetsPage /> : null}
        {route.page === 'settings' ? <SettingsPage user={user} /> : null}
        {route.page === 'nowhere' ? <Notice title="There is no such page"><Link to="/applications">To the applications</Link></Notice> : null}
      </main>
      {help ? <Help onClose={() => setHelp(false)} /> : null}
    </>
  );
}

function ThemeButton() {
  const [theme, choose] = useTheme();
  const { icon, name, next } = THEMES[theme];
  return <button type="button" className="button quiet square" onClick={() => choose(next)} aria-label={name} title={name}><Icon name={icon} /></button>;
}
