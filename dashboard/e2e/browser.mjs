import { mkdir } from 'node:fs/promises';
import { chromium } from 'playwright-core';

/** The server under test, such as the fixture of crates/server or `fairway up`. */
export const server = process.env.FAIRWAY_URL ?? '';
export const password = process.env.FAIRWAY_PASSWORD ?? '';
const shots = process.env.FAIRWAY_SHOTS ?? '';

/** Starts Debian's Chromium, with nothing that calls home. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/** Opens a page and collects what goes wrong on it. The one refusal that belongs there is the first question of who is logged in. */
export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.location().url.endsWith('/session/userinfo')) faults.push(`${message.text()} ${message.location().url}`);
  });
  return { context, page, faults };
}

/** Logs in on whatever page asks for it. */
export async function login(page, path = '/') {
  await page.goto(server + path);
  await page.fill('input[name=password]', password);
  await page.click('button[type=submit]');
  await page.waitForSelector('header.shell');
}

/** Keeps a picture where FAIRWAY_SHOTS names a folder. */
export async function shot(page, name) {
  if (!shots) return;
  await mkdir(shots, { recursive: true });
  await page.screenshot({ path: `${shots}/${name}.png` });
}
