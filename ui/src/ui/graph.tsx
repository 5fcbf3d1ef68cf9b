import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { duration, words } from '../lib/format';
import { layoutGraph, nodeHeight, nodeWidth, pathThrough, type Layout } from '../lib/graph_layout';
import { didFail, secondsTaken, type Job } from '../lib/jobs';
import { useNow } from './basics';
import { Mark, toneOf } from './status';

const padding = 12;
/** Drawn beyond the visible part, in pixels, so that scrolling shows no blank. */
const margin = 300;
const longestName = 19;

interface Props {
  jobs: Job[];
  /** Name of the chosen job. */
  selected: string | null;
  onSelect: (name: string) => void;
}

/** The plan's graph. The table of jobs holds the same, for those who do not see it. */
export function Graph({ jobs, selected, onSelect }: Props) {
  const shaped = useShape(jobs);
  const layout = useMemo(() => layoutGraph(shaped), [shaped]);
  const [pointed, setPointed] = useState<string | null>(null);
  const lit = useMemo(() => {
    const name = pointed ?? selected;
    return name === null ? null : pathThrough(shaped, name);
  }, [shaped, pointed, selected]);
  const { box, zoom, setZoom, view, measure, fit } = useZoom(layout, selected);
  const now = useNow(5_000);

  const onKey = (event: KeyboardEvent, job: Job): void => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      onSelect(job.name);
      return;
    }
    const next = neighbour(event.key, job, jobs, layout);
    if (!next) return;
    event.preventDefault();
    setPointed(next);
    box.current?.querySelector<SVGGElement>(`[data-name="${CSS.escape(next)}"]`)?.focus();
  };

  const shown = jobs.filter((job) => {
    const { x, y } = layout.boxes.get(job.name)!;
    const across = x + nodeWidth > view.left && x < view.right;
    return across && y + nodeHeight > view.top && y < view.bottom;
  });
  const entry = selected ?? jobs.find(didFail)?.name ?? jobs[0]?.name;
  const width = layout.width + 2 * padding;
  const height = layout.height + 2 * padding;
  const edgeClass = (from: string, to: string): string => {
    if (!lit) return 'edge';
    if (lit.has(from) && lit.has(to)) return 'edge lit';
    return pointed === null ? 'edge' : 'edge dim';
  };
  return (
    <div class="graph">
      <div class="graphbar">
        <span class="muted">
          {jobs.length} {jobs.length === 1 ? 'job' : 'jobs'}
        </span>
        <span class="row">
          <button
            type="button"
            class="small"
            aria-label="Zoom out"
            onClick={() => setZoom(zoom / 1.25)}
          >
            −
          </button>
          <output class="num">{Math.round(zoom * 100)}%</output>
          <button
            type="button"
            class="small"
            aria-label="Zoom in"
            onClick={() => setZoom(zoom * 1.25)}
          >
            +
          </button>
          <button type="button" class="small" onClick={fit}>
            Fit
          </button>
        </span>
      </div>
      <div
        class="graphbox"
        ref={box}
        onScroll={measure}
        tabIndex={0}
        role="region"
        aria-label="Job graph, scrollable"
      >
        <svg
          width={width * zoom}
          height={height * zoom}
          viewBox={`${-padding} ${-padding} ${width} ${height}`}
          role="group"
          aria-label={`Job graph, ${jobs.length} jobs. The table below lists the same jobs.`}
        >
          {layout.edges.map(({ from, to, path }) => (
            <path key={`${from}\n${to}`} d={path} class={edgeClass(from, to)} />
          ))}
          {shown.map((job) => (
            <Node
              key={job.name}
              job={job}
              layout={layout}
              now={now}
              isSelected={job.name === selected}
              isDim={pointed !== null && !lit?.has(job.name)}
              isEntry={job.name === entry}
              onSelect={onSelect}
              onPoint={setPointed}
              onKey={onKey}
            />
          ))}
        </svg>
      </div>
    </div>
  );
}

/** The jobs as of the last change of their names and needs: a new status moves no node. */
function useShape(jobs: Job[]): Job[] {
  const shape = jobs.map((job) => `${job.name}<${job.needs.join()}`).join(';');
  const last = useRef({ shape, jobs });
  if (last.current.shape !== shape) last.current = { shape, jobs };
  return last.current.jobs;
}

/** The zoom at which the whole graph is as wide as its box. */
const widthRatio = (element: HTMLElement, layout: Layout): number =>
  (element.clientWidth - 4) / (layout.width + 2 * padding);

/** Zoom and visible part. Opens readable, with the chosen job in the middle. */
function useZoom(layout: Layout, selected: string | null) {
  const box = useRef<HTMLDivElement>(null);
  const chosen = useRef(selected);
  chosen.current = selected;
  const [zoom, setZoomTo] = useState(1);
  const [view, setView] = useState({ left: 0, right: 4000, top: 0, bottom: 4000 });
  const measure = (): void => {
    const element = box.current;
    if (!element) return;
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = element;
    setView({
      left: scrollLeft / zoom - margin,
      right: (scrollLeft + clientWidth) / zoom + margin,
      top: scrollTop / zoom - margin,
      bottom: (scrollTop + clientHeight) / zoom + margin,
    });
  };
  const setZoom = (value: number): void => setZoomTo(Math.max(0.2, Math.min(2, value)));
  const fit = (): void => {
    const element = box.current;
    if (!element) return;
    const heightRatio = (element.clientHeight - 4) / (layout.height + 2 * padding);
    setZoom(Math.min(1, widthRatio(element, layout), heightRatio));
  };
  useEffect(measure, [zoom, layout]);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const readable = Math.max(0.8, Math.min(1, widthRatio(element, layout)));
    setZoom(readable);
    const node = chosen.current === null ? undefined : layout.boxes.get(chosen.current);
    if (!node) return;
    requestAnimationFrame(() => {
      element.scrollLeft = (node.x + nodeWidth / 2) * readable - element.clientWidth / 2;
      element.scrollTop = (node.y + nodeHeight / 2) * readable - element.clientHeight / 2;
    });
  }, [layout]);
  return { box, zoom, setZoom, view, measure, fit };
}

/** Arrow keys walk the graph: left to a need, right to a dependent, up and down in the column. */
function neighbour(key: string, job: Job, jobs: Job[], layout: Layout): string | undefined {
  if (key === 'ArrowLeft') return job.needs.find((name) => layout.boxes.has(name));
  if (key === 'ArrowRight') return jobs.find((other) => other.needs.includes(job.name))?.name;
  if (key !== 'ArrowUp' && key !== 'ArrowDown') return undefined;
  const layer = layout.boxes.get(job.name)?.layer;
  const column = [...layout.boxes.values()]
    .filter((box) => box.layer === layer)
    .sort((a, b) => a.y - b.y);
  const at = column.findIndex((box) => box.name === job.name);
  return column[at + (key === 'ArrowUp' ? -1 : 1)]?.name;
}

interface NodeProps {
  job: Job;
  layout: Layout;
  now: number;
  isSelected: boolean;
  isDim: boolean;
  /** The one node that Tab reaches; arrows lead on from it. */
  isEntry: boolean;
  onSelect: (name: string) => void;
  onPoint: (name: string | null) => void;
  onKey: (event: KeyboardEvent, job: Job) => void;
}

function Node(props: NodeProps) {
  const { job, layout, now, isSelected, isDim, isEntry, onSelect, onPoint, onKey } = props;
  const { x, y } = layout.boxes.get(job.name)!;
  const name = job.name.length > longestName ? job.name.slice(0, longestName - 1) + '…' : job.name;
  const seconds = secondsTaken(job, now);
  const facts = [words(job.status), seconds === null ? '' : duration(seconds)];
  if (job.attempts.length > 1) facts.push(`try ${job.attempts.length}`);
  const line = facts.filter(Boolean).join(' · ');
  const classes = ['node', toneOf(job.status), isDim && 'dim', isSelected && 'sel'];
  return (
    <g
      data-name={job.name}
      class={classes.filter(Boolean).join(' ')}
      transform={`translate(${x},${y})`}
      role="button"
      tabIndex={isEntry ? 0 : -1}
      aria-pressed={isSelected}
      // Starts with the words on screen, so that voice control can press what it reads.
      aria-label={`${name} ${line}${job.reason ? '. ' + job.reason.message : ''}`}
      onClick={() => onSelect(job.name)}
      onKeyDown={(event) => onKey(event, job)}
      onMouseEnter={() => onPoint(job.name)}
      onMouseLeave={() => onPoint(null)}
      onFocus={() => onPoint(job.name)}
      onBlur={() => onPoint(null)}
    >
      <title>{job.name}</title>
      <rect width={nodeWidth} height={nodeHeight} rx="6" />
      <rect class="bar" width="4" height={nodeHeight} rx="2" />
      <g transform="translate(12,12)">
        <Mark status={job.status} />
      </g>
      <text>
        <tspan x="36" y="18" class="name">
          {name}
        </tspan>{' '}
        <tspan x="36" y="32" class="sub">
          {line}
        </tspan>
      </text>
    </g>
  );
}
