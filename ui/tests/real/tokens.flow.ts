import { describe, expect, it } from 'vitest';
import { accessibilityFaults, Browser } from '../flow/browser';
import { ask, enter, type Host } from '../flow/host';
import { Session } from '../flow/session';
import { OwnHost } from './own_host';

const session = Session.forFile(() => OwnHost.start(['wheels', 'docs']));

const field = () => session.page.getByLabel('Token ana');
const asOwner = (token: string): Host => ({
  url: session.host.url,
  isMock: false,
  token,
  stop: () => undefined,
});

describe('tokens', () => {
  let text = '';

  it('are there for an administrator, who is named with the role', async () => {
    await session.open('/');
    const who = session.page.locator('.caller .who');
    expect(await who.textContent()).toBe('admin admin');
    await session.page.getByRole('link', { name: 'Tokens' }).click();
    await session.page.getByText('No tokens yet').waitFor();
  });

  it('are refused with the host’s words, beside the field', async () => {
    await session.button('New token').click();
    await session.page.getByLabel('Name').fill('no blanks');
    await session.button('Make the token').click();
    await session.page.locator('.field .err', { hasText: 'letters, digits' }).waitFor();
    expect(await accessibilityFaults(session.page)).toEqual([]);
  });

  it('are made for a role and some queues, and shown once', async () => {
    await session.page.getByLabel('Name').fill('ana');
    await session.page.getByLabel('Role').selectOption('viewer');
    await session.page.getByLabel('All queues').uncheck();
    await session.page.locator('form').getByLabel('docs').check();
    await session.page.getByLabel('Expires').selectOption('7 days');
    await session.button('Make the token').click();
    text = await field().inputValue();
    expect(text).toMatch(/^pwt_/);
    await session.button('Copy').click();
    await session.page.getByText(/^(Copied\.|It is selected)/).waitFor();
    expect(await accessibilityFaults(session.page)).toEqual([]);
    const row = session.row('ana');
    await row.getByText('viewer').waitFor();
    await row.getByText('docs').waitFor();
    await row.locator('td[data-label=Expires] time').waitFor();
    await session.button('I have it').click();
    await field().waitFor({ state: 'hidden' });
    await session.page.reload();
    await row.waitFor();
    expect(await session.page.content()).not.toContain(text);
    const [made] = (await ask(session.host, 'GET', '/api/tokens')).body.items;
    expect(made).toMatchObject({ name: 'ana', role: 'viewer', queues: ['docs'] });
  });

  it('let in as far as they say: no administrator’s page for a viewer', async () => {
    const other = await Browser.open();
    try {
      await enter(asOwner(text), other.page);
      expect(await other.page.locator('.caller .who').textContent()).toBe('ana viewer of docs');
      expect(await other.page.getByRole('link', { name: 'Tokens' }).count()).toBe(0);
      await other.page.goto(session.host.url + '/tokens');
      await other.page.getByRole('alert').getByText(/admin/).waitFor();
      expect(await other.page.getByRole('button', { name: 'New token' }).count()).toBe(0);
    } finally {
      await other.close();
    }
    await session.page.reload();
    await session.row('ana').locator('td[data-label="Last used"] time').waitFor();
  });

  it('are revoked after a question, and let nobody in from then on', async () => {
    await session.button('Revoke… ana').click();
    await session.page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    expect((await ask(asOwner(text), 'GET', '/api/queues')).status).toBe(200);
    await session.button('Revoke… ana').click();
    await session.page
      .getByRole('dialog')
      .getByRole('button', { name: 'Revoke', exact: true })
      .click();
    await session.row('ana').getByText('revoked').waitFor();
    expect(await session.button('Revoke… ana').count()).toBe(0);
    expect((await ask(asOwner(text), 'GET', '/api/queues')).status).toBe(401);
  });
});

describe('all along', () => {
  it('no security rule was broken and no script failed', () => {
    expect(session.browser.complaints()).toEqual([]);
  });
});
