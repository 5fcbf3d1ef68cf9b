import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useInfiniteQuery } from '@tanstack/preact-query';
import { count, words } from '../lib/format';
import type { Filter, Page } from '../lib/listing';
import { navigate, setQuery, useAddress } from '../lib/router';
import { Empty, Failure, Loading } from '../ui/basics';
import { inEditable } from '../ui/shortcuts';
import { Table, type Column } from '../ui/table';

const pageSize = 40;

type Load<T> = (
  filter: Filter,
  limit: number,
  cursor: string | null,
  signal: AbortSignal,
) => Promise<Page<T>>;

interface Props<T> {
  /** Plural noun, such as "plans"; also the key of its answers. */
  kind: string;
  statuses: string[];
  /** Narrows the list beyond what the address says. */
  queue: string | null;
  columns: Column<T>[];
  load: Load<T>;
  /** Where Enter on the current row goes. */
  hrefOf?: (row: T) => string;
  empty: ComponentChildren;
}

/** A list of rows with its filters, which live in the address so that a view can be shared. */
export function List<T extends { id: number }>(props: Props<T>) {
  const { kind, columns, load, hrefOf, empty, queue } = props;
  const { query } = useAddress();
  const filter: Filter = {
    queue,
    status: query.get('status'),
    q: query.get('q'),
    reason: query.get('reason'),
  };
  const isFiltered = !!(filter.status || filter.q || filter.reason);
  const answer = useInfiniteQuery({
    queryKey: [kind, 'list', filter],
    initialPageParam: null as string | null,
    getNextPageParam: (page: Page<T>) => page.nextCursor,
    queryFn: ({ pageParam, signal }) => load(filter, pageSize, pageParam, signal),
    placeholderData: (previous) => previous,
  });
  const rows = answer.data?.pages.flatMap((page) => page.items) ?? [];
  const total = answer.data?.pages[0]?.total ?? 0;
  const atLeast = answer.data?.pages[0]?.totalIsLowerBound ? '+' : '';
  const current = useRowKeys(rows, hrefOf);
  // A filter that fits little gives short pages: the host looks at so many rows for one answer.
  const isShort = rows.length < pageSize && !!answer.hasNextPage;
  const { isFetching, error, fetchNextPage } = answer;
  useEffect(() => {
    if (isShort && !isFetching && !error) void fetchNextPage();
  }, [isShort, isFetching, error, fetchNextPage]);
  const more = answer.hasNextPage && (
    <p class="more">
      <button
        type="button"
        aria-disabled={answer.isFetchingNextPage}
        onClick={() => !answer.isFetchingNextPage && void answer.fetchNextPage()}
      >
        Show more of {count(total)}
        {atLeast}
      </button>
    </p>
  );

  const body = (): ComponentChildren => {
    if (answer.error && !answer.data) {
      return <Failure error={answer.error} onRetry={() => void answer.refetch()} />;
    }
    if (!answer.data || (isShort && rows.length === 0)) return <Loading rows={10} />;
    if (rows.length > 0) {
      return (
        <Table
          label={kind}
          columns={columns}
          rows={rows}
          keyOf={(row) => row.id}
          current={current}
          footer={more}
        />
      );
    }
    return isFiltered ? <NothingMatches kind={kind} /> : empty;
  };

  return (
    <>
      <Filters {...props} filter={filter} total={`${count(total)}${atLeast} ${kind}`} />
      {body()}
    </>
  );
}

function NothingMatches({ kind }: { kind: string }) {
  return (
    <Empty title={`No ${kind} match this filter`}>
      <p>
        <button type="button" onClick={() => setQuery({ status: null, q: null, reason: null })}>
          Clear the filter
        </button>
      </p>
    </Empty>
  );
}

interface FiltersProps {
  statuses: string[];
  filter: Filter;
  total: string;
}

function Filters({ statuses, filter, total }: FiltersProps) {
  const { status, q, reason } = filter;
  return (
    <div class="filters">
      <input
        type="search"
        placeholder="Filter by file"
        aria-label="Filter by file"
        value={q ?? ''}
        onInput={(event) => setQuery({ q: event.currentTarget.value || null })}
      />
      <div class="chips" role="group" aria-label="Status">
        <Chip
          text="all"
          isOn={!status && !reason}
          onPress={() => setQuery({ status: null, reason: null })}
        />
        {statuses.map((name) => (
          <Chip
            key={name}
            text={words(name)}
            isOn={status === name}
            onPress={() => setQuery({ status: status === name ? null : name })}
          />
        ))}
        {reason && (
          <Chip text={`why: ${words(reason)} ×`} isOn onPress={() => setQuery({ reason: null })} />
        )}
      </div>
      <span class="grow" />
      <span class="muted num" role="status">
        {total}
      </span>
    </div>
  );
}

function Chip({ text, isOn, onPress }: { text: string; isOn: boolean; onPress: () => void }) {
  return (
    <button type="button" class="chip" aria-pressed={isOn} onClick={onPress}>
      {text}
    </button>
  );
}

/** j and k move through the rows, Enter opens the current one. Returns its id. */
function useRowKeys<T extends { id: number }>(
  rows: T[],
  hrefOf: ((row: T) => string) | undefined,
): number | null {
  const [current, setCurrent] = useState<number | null>(null);
  // The handler outlives renders: keys may come faster than effects run.
  const latest = useRef({ rows, current, hrefOf });
  latest.current = { rows, current, hrefOf };
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (inEditable(event) || event.metaKey || event.ctrlKey || event.altKey) return;
      const { rows, current, hrefOf } = latest.current;
      const at = rows.findIndex((row) => row.id === current);
      if (event.key === 'j' || event.key === 'k') {
        const next = Math.max(0, at + (event.key === 'j' ? 1 : -1));
        const row = rows[Math.min(rows.length - 1, next)];
        setCurrent(row?.id ?? null);
        document.querySelector(`tr[data-key="${row?.id}"]`)?.scrollIntoView({ block: 'nearest' });
      }
      const row = rows[at];
      const target = event.target as Element;
      const isOnPage = target === document.body || target.id === 'main';
      if (event.key === 'Enter' && row && hrefOf && isOnPage) navigate(hrefOf(row));
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return current;
}
