/** The two numeric parts of the graph layout: the order within layers, and the y positions. */

/** Nodes are indices; `up` and `down` hold neighbours one layer to the left and to the right. */
export interface LayeredGraph {
  layers: number[][];
  layerOf: number[];
  up: number[][];
  down: number[][];
  /** Height that a node takes, its gap included. */
  size: number[];
}

const orderSweeps = 6;
const settleSweeps = 4;

function meanOf(v: number, neighbours: number[][], position: number[]): number {
  const near = neighbours[v]!;
  if (near.length === 0) return position[v]!;
  return near.reduce((sum, u) => sum + position[u]!, 0) / near.length;
}

/** Sorts each layer by the mean place of its neighbours, to and fro: few crossings remain. */
export function order(graph: LayeredGraph): void {
  const position = graph.layerOf.map(() => 0);
  const number = (layer: number[]): void => layer.forEach((v, k) => (position[v] = k));
  graph.layers.forEach(number);
  const sweep = (layers: number[][], neighbours: number[][]): void => {
    for (const layer of layers) {
      const key = new Map(layer.map((v) => [v, meanOf(v, neighbours, position)]));
      layer.sort((a, b) => key.get(a)! - key.get(b)!);
      number(layer);
    }
  };
  for (let k = 0; k < orderSweeps; k++) {
    sweep(graph.layers, graph.up);
    sweep([...graph.layers].reverse(), graph.down);
  }
}

/** The y of every node's middle: near its neighbours, in order, without overlap. */
export function settle(graph: LayeredGraph): number[] {
  const y = graph.layerOf.map(() => 0);
  for (const layer of graph.layers) {
    let at = 0;
    for (const v of layer) {
      y[v] = at + graph.size[v]! / 2;
      at += graph.size[v]!;
    }
  }
  for (let k = 0; k < settleSweeps; k++) {
    graph.layers.forEach((layer) => settleLayer(layer, graph.up, graph.size, y));
    [...graph.layers].reverse().forEach((layer) => settleLayer(layer, graph.down, graph.size, y));
  }
  const both = graph.up.map((up, v) => [...up, ...graph.down[v]!]);
  graph.layers.forEach((layer) => settleLayer(layer, both, graph.size, y));
  return y;
}

/** Least-squares positions that keep order and gaps, by pooling neighbours that would overlap. */
function settleLayer(layer: number[], neighbours: number[][], size: number[], y: number[]): void {
  const offset: number[] = [];
  let height = 0;
  for (const v of layer) {
    offset.push(height + size[v]! / 2);
    height += size[v]!;
  }
  const blocks: { sum: number; count: number; first: number }[] = [];
  layer.forEach((v, k) => {
    blocks.push({ sum: meanOf(v, neighbours, y) - offset[k]!, count: 1, first: k });
    while (blocks.length > 1) {
      const last = blocks.at(-1)!;
      const before = blocks.at(-2)!;
      if (before.sum / before.count <= last.sum / last.count) break;
      before.sum += last.sum;
      before.count += last.count;
      blocks.pop();
    }
  });
  for (const { sum, count, first } of blocks) {
    for (let k = first; k < first + count; k++) y[layer[k]!] = sum / count + offset[k]!;
  }
}
