// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { captureLinks, navigate, setQuery, withQuery } from '../../src/lib/router';

captureLinks();
// jsdom has no layout to scroll.
vi.stubGlobal('scrollTo', () => {});

function click(html: string, init: MouseEventInit = {}): MouseEvent {
  document.body.innerHTML = html;
  const event = new MouseEvent('click', { bubbles: true, cancelable: true, ...init });
  // jsdom would try to load the page; that the click was left alone is what counts.
  addEventListener('click', (late) => late.preventDefault(), { once: true });
  const handled = vi.fn();
  addEventListener('popstate', handled, { once: true });
  document.querySelector('a')!.dispatchEvent(event);
  return event;
}

beforeEach(() => history.replaceState(null, '', '/'));

describe('the address', () => {
  it('keeps other filters when one changes, and drops empty ones', () => {
    expect(withQuery('?status=failed&q=a', { q: 'b c' })).toBe('?status=failed&q=b+c');
    expect(withQuery('?status=failed', { status: null })).toBe('');
    expect(withQuery('', { q: '' })).toBe('');
  });

  it('changes in place for filters and grows for pages', () => {
    const before = history.length;
    navigate('/plans');
    setQuery({ q: 'x' });
    setQuery({ q: 'xy' });
    expect(location.pathname + location.search).toBe('/plans?q=xy');
    expect(history.length).toBe(before + 1);
  });
});

describe('links', () => {
  it('move within the page', () => {
    click('<a href="/plans/7?job=x#L3">x</a>');
    expect(location.pathname + location.search + location.hash).toBe('/plans/7?job=x#L3');
  });

  it.each([
    ['a modified click', '<a href="/plans">x</a>', { ctrlKey: true }],
    ['another tab', '<a href="/plans" target="_blank">x</a>', {}],
    ['a download', '<a href="/plans" download>x</a>', {}],
    ['the API', '<a href="/api/plans">x</a>', {}],
    ['another host', '<a href="http://example.test/plans">x</a>', {}],
    ['a place on this page', '<a href="#L3">x</a>', {}],
  ])('leave %s to the browser', (_, html, init) => {
    click(html, init);
    expect(location.pathname).toBe('/');
  });
});
