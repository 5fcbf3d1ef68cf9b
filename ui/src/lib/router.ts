import { useEffect, useState } from 'preact/hooks';

/** The address is the page's state: path, filters, chosen job and log line can all be shared. */
export interface Address {
  path: string;
  query: URLSearchParams;
  hash: string;
}

export function navigate(to: string, options: { replace?: boolean } = {}): void {
  history[options.replace ? 'replaceState' : 'pushState'](null, '', to);
  if (!options.replace) scrollTo(0, 0);
  dispatchEvent(new PopStateEvent('popstate'));
}

const here = (): string => location.pathname + location.search + location.hash;

export function useAddress(): Address {
  const [href, setHref] = useState(here);
  useEffect(() => {
    const update = (): void => setHref(here());
    addEventListener('popstate', update);
    addEventListener('hashchange', update);
    return () => {
      removeEventListener('popstate', update);
      removeEventListener('hashchange', update);
    };
  }, []);
  const url = new URL(href, location.origin);
  return { path: url.pathname, query: url.searchParams, hash: url.hash };
}

/** `search` with some keys set, or dropped where the value is null or empty. */
export function withQuery(search: string, changes: Record<string, string | null>): string {
  const query = new URLSearchParams(search);
  for (const [key, value] of Object.entries(changes)) {
    if (value) query.set(key, value);
    else query.delete(key);
  }
  const text = query.toString();
  return text ? `?${text}` : '';
}

/** Changes filters in place: no entry in the history for each letter typed. */
export function setQuery(changes: Record<string, string | null>, hash = location.hash): void {
  navigate(location.pathname + withQuery(location.search, changes) + hash, { replace: true });
}

/** The path that a click on this link should show without loading a page, or null. */
export function pathOfClick(event: MouseEvent): string | null {
  const link = (event.target as Element).closest?.('a[href]');
  if (!(link instanceof HTMLAnchorElement) || event.defaultPrevented || event.button !== 0)
    return null;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null;
  if (link.target || link.hasAttribute('download') || link.origin !== location.origin) return null;
  if (link.pathname.startsWith('/api/')) return null;
  if (link.getAttribute('href')?.startsWith('#')) return null;
  return link.pathname + link.search + link.hash;
}

/** Makes plain links move within the page. */
export function captureLinks(): void {
  document.addEventListener('click', (event) => {
    const path = pathOfClick(event);
    if (path === null) return;
    event.preventDefault();
    navigate(path);
  });
}
