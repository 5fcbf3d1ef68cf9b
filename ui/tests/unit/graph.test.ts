import { describe, expect, it } from 'vitest';
import {
  layoutGraph,
  nodeHeight,
  nodeWidth,
  pathThrough,
  type GraphNode,
} from '../../src/lib/graph_layout';

/** A random graph without cycles; the same for the same seed. */
function randomGraph(count: number, seed: number): GraphNode[] {
  let state = seed;
  const random = (below: number): number =>
    (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) % below;
  return Array.from({ length: count }, (_, k) => ({
    name: `j${k}`,
    needs: Array.from({ length: k ? random(3) : 0 }, () => `j${random(k)}`),
  }));
}

describe('the graph', () => {
  it.each([
    [1, 1],
    [2, 5],
    [40, 2],
    [300, 3],
  ])('keeps %i jobs apart and edges running forward (seed %i)', (count, seed) => {
    const layout = layoutGraph(randomGraph(count, seed));
    const boxes = [...layout.boxes.values()];
    expect(boxes).toHaveLength(count);
    const columns = new Map<number, number[]>();
    for (const { layer, y } of boxes) columns.set(layer, [...(columns.get(layer) ?? []), y]);
    for (const ys of columns.values()) {
      ys.sort((a, b) => a - b);
      ys.slice(1).forEach((y, k) => expect(y - ys[k]!).toBeGreaterThanOrEqual(nodeHeight));
    }
    for (const { from, to } of layout.edges) {
      expect(layout.boxes.get(from)!.x + nodeWidth).toBeLessThan(layout.boxes.get(to)!.x);
    }
    for (const { y } of boxes) {
      expect(y).toBeGreaterThanOrEqual(-1e-6);
      expect(y + nodeHeight).toBeLessThanOrEqual(layout.height + 1e-6);
    }
  });

  it('lays out 2,000 jobs without making anyone wait', () => {
    const nodes = randomGraph(2000, 9);
    const start = performance.now();
    layoutGraph(nodes);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('reports a cycle instead of hanging', () => {
    const nodes = [
      { name: 'a', needs: ['b'] },
      { name: 'b', needs: ['a'] },
      { name: 'c', needs: [] },
    ];
    expect(layoutGraph(nodes).cyclic).toEqual(['a', 'b']);
  });

  it('has no edge from a job that is not in the plan', () => {
    expect(layoutGraph([{ name: 'a', needs: ['ghost'] }]).edges).toEqual([]);
  });

  it('is empty for an empty plan', () => {
    expect(layoutGraph([])).toMatchObject({ height: 0, edges: [] });
  });

  it('lights what a job needs and what needs it, not its siblings', () => {
    const nodes = [
      { name: 'a', needs: [] },
      { name: 'b', needs: ['a'] },
      { name: 'c', needs: ['b'] },
      { name: 'd', needs: ['a'] },
    ];
    expect([...pathThrough(nodes, 'b')].sort()).toEqual(['a', 'b', 'c']);
  });
});
