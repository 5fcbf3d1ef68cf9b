import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useQuery } from '@tanstack/preact-query';
import { getJson } from './lib/api';
import { calmRefresh, fixed } from './lib/cache';
import { Live, type LiveState } from './lib/live';
import { listQueues, type Queue } from './lib/queues';
import { navigate, useAddress } from './lib/router';
import { isAdmin, useCaller } from './lib/session';
import type { Wire } from './lib/wire';
import { BuildPage } from './pages/build';
import { BuildsPage } from './pages/builds';
import { DeadLettersPage } from './pages/dead_letters';
import { EventsPage } from './pages/events';
import { InputPage } from './pages/input';
import { InputsPage } from './pages/inputs';
import { JobPage } from './pages/job';
import { Line } from './pages/line';
import { OverviewPage } from './pages/overview';
import { PlanPage } from './pages/plan';
import { PlansPage } from './pages/plans';
import { QueuesPage } from './pages/queues';
import { SettingsPage } from './pages/settings';
import { TokensPage } from './pages/tokens';
import { Failure } from './ui/basics';
import { ModeBanner } from './ui/mode_banner';
import { CallerMenu, OpenBanner, SignedIn } from './ui/signed_in';
import { inEditable, Shortcuts } from './ui/shortcuts';
import { ThemeChoice } from './ui/theme';
import { Toasts } from './ui/toasts';

interface Place {
  path: string;
  name: string;
  /** Goes there after `g`. */
  key: string;
  /** Shown to those only who may use it. */
  forAdmins?: boolean;
}

const places: Place[] = [
  { path: '/', name: 'Overview', key: 'o' },
  { path: '/inputs', name: 'Inputs', key: 'i' },
  { path: '/plans', name: 'Plans', key: 'p' },
  { path: '/builds', name: 'Builds', key: 'b' },
  { path: '/dead-letters', name: 'Dead letters', key: 'd' },
  { path: '/queues', name: 'Queues', key: 'q' },
  { path: '/events', name: 'Events', key: 'e' },
  { path: '/settings', name: 'Settings', key: 's' },
  { path: '/tokens', name: 'Tokens', key: 't', forAdmins: true },
];

const shortcuts = [
  { keys: '?', does: 'This list' },
  { keys: '/', does: 'Filter, or search the log' },
  ...places.map(({ key, name }) => ({ keys: `g ${key}`, does: name })),
  { keys: 'j / k', does: 'Next, previous row' },
  { keys: 'Enter', does: 'Open the row; in a log: next match' },
  { keys: '← → ↑ ↓', does: 'Walk the job graph' },
];

const stateWords: Record<LiveState, string> = {
  live: 'Live',
  polling: 'Polling every 3 s',
  offline: 'Reconnecting…',
  paused: 'Paused',
};

export function App() {
  return (
    <SignedIn>
      <Frame />
    </SignedIn>
  );
}

function Frame() {
  const { path } = useAddress();
  const state = useLive();
  const queues = useQuery({
    queryKey: ['queues'],
    queryFn: ({ signal }) => listQueues(signal),
    // Ages grow without an event.
    refetchInterval: 10_000,
  });
  const [queue, chooseQueue] = useChosenQueue(queues.data);
  const caller = useCaller();
  const mine = places.filter(
    ({ forAdmins }) => !forAdmins || (caller.data && isAdmin(caller.data)),
  );
  useGoKeys();
  useFocusOnNewPage(path);
  const title = titleOf(path);
  useEffect(() => {
    document.title = `${title} · planwright`;
  }, [title]);
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <a class="brand" href="/">
          <img src="/icon.svg" alt="" width="26" height="26" />
          planwright
        </a>
        <span class={`live s-${state}`} role="status">
          <i aria-hidden="true" />
          {stateWords[state]}
        </span>
        <span class="grow" />
        <Version />
        <CallerMenu />
        <ThemeChoice />
        <Shortcuts list={shortcuts} />
      </header>
      <Line queue={queue} queues={queues.data ?? []} onChoose={chooseQueue} />
      <ModeBanner />
      <OpenBanner />
      {queues.error && (
        <div class="banner">
          <Failure error={queues.error} onRetry={() => void queues.refetch()} />
        </div>
      )}
      <div class="body">
        <nav aria-label="Main">
          {mine.map((place) => (
            <a
              key={place.path}
              href={place.path}
              aria-current={isAt(path, place.path) ? 'page' : undefined}
            >
              {place.name}
            </a>
          ))}
        </nav>
        <main id="main" tabIndex={-1}>
          <Page path={path} queue={queue} queues={queues.data} />
        </main>
      </div>
      <Toasts />
    </>
  );
}

/** Pages about one thing, by the first part of their address. */
const itemPages: Record<string, (props: { id: number }) => JSX.Element | null> = {
  inputs: InputPage,
  plans: PlanPage,
  builds: BuildPage,
  jobs: JobPage,
};

interface PageProps {
  path: string;
  queue: Queue | undefined;
  queues: Queue[] | undefined;
}

function Page({ path, queue, queues }: PageProps) {
  const name = queue?.name ?? null;
  // With one queue there is nothing to narrow, and items of a queue that is gone stay visible.
  const narrowTo = queues && queues.length > 1 ? name : null;
  const item = /^\/(\w+)\/(\d+)$/.exec(path);
  const ItemPage = item?.[1] && itemPages[item[1]];
  if (ItemPage) return <ItemPage key={path} id={Number(item[2])} />;
  switch (path) {
    case '/':
      return <OverviewPage queue={queue} />;
    case '/inputs':
      return <InputsPage queue={name} isOnlyQueue={narrowTo === null} />;
    case '/plans':
      return <PlansPage queue={narrowTo} />;
    case '/builds':
      return <BuildsPage queue={narrowTo} />;
    case '/dead-letters':
      return <DeadLettersPage queue={narrowTo} />;
    case '/queues':
      return <QueuesPage queues={queues} />;
    case '/events':
      return <EventsPage />;
    case '/settings':
      return <SettingsPage queue={settingsQueue(queues)} />;
    case '/tokens':
      return <TokensPage queues={queues} />;
    default:
      return (
        <>
          <div class="head">
            <h1>There is no such page</h1>
          </div>
          <p>
            <a href="/">Back to the overview</a>
          </p>
        </>
      );
  }
}

const isAt = (path: string, place: string): boolean =>
  place === '/' ? path === '/' : path === place || path.startsWith(place + '/');

function titleOf(path: string): string {
  const item = /^\/(input|plan|build|job)s\/(\d+)$/.exec(path);
  if (item?.[1]) return `${item[1].replace(/^./, (first) => first.toUpperCase())} ${item[2]}`;
  return places.find((place) => place.path === path)?.name ?? 'Not found';
}

function useLive(): LiveState {
  const [state, setState] = useState<LiveState>('offline');
  useEffect(() => {
    const refresh = calmRefresh();
    const live = new Live({ event: refresh, refresh, state: setState });
    return () => live.stop();
  }, []);
  return state;
}

/** The queue that `/api/settings` speaks of. */
const settingsQueue = (queues: Queue[] | undefined): Queue | undefined =>
  queues?.find(({ name }) => name === 'default') ?? queues?.[0];

const chosenQueueKey = 'planwright.queue';

function useChosenQueue(queues: Queue[] | undefined): [Queue | undefined, (name: string) => void] {
  const [name, setName] = useState(() => localStorage.getItem(chosenQueueKey));
  const choose = (next: string): void => {
    localStorage.setItem(chosenQueueKey, next);
    setName(next);
  };
  return [queues?.find((queue) => queue.name === name) ?? settingsQueue(queues), choose];
}

/** Shows the page in the navigation too. A screen reader then starts with the new page, where the browser would do so for a document. */
function useFocusOnNewPage(path: string): void {
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    document.getElementById('main')?.focus({ preventScroll: true });
    const place = document.querySelector('nav [aria-current]');
    place?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [path]);
}

function useGoKeys(): void {
  useEffect(() => {
    let pressedG = -Infinity;
    const onKey = (event: KeyboardEvent): void => {
      if (inEditable(event) || event.metaKey || event.ctrlKey || event.altKey) return;
      if (event.key === 'g') {
        pressedG = event.timeStamp;
        return;
      }
      const place = places.find(({ key }) => key === event.key);
      if (place && event.timeStamp - pressedG < 1200) {
        event.preventDefault();
        navigate(place.path);
      } else if (event.key === '/') {
        const search = document.querySelector<HTMLInputElement>('main input[type=search]');
        if (search) event.preventDefault();
        search?.focus();
      }
      pressedG = -Infinity;
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}

function Version() {
  const version = useQuery({
    queryKey: [fixed, 'version'],
    queryFn: ({ signal }) => getJson<Wire<'Version'>>('/version', signal),
    staleTime: Infinity,
  });
  if (!version.data) return null;
  return <span class="muted where">{version.data.version}</span>;
}
