/**
 * Connected components of the graph whose vertices are photos and whose edges are annotation pairs.
 *
 * @param pairs image ids of both sides
 * @returns indices of the pairs of each component, ascending; components in the order of their first pair
 */
export function pairComponents(pairs: readonly (readonly [number, number])[]): number[][] {
  const parents = new Map<number, number>();
  for (const [left, right] of pairs) {
    const [one, other] = [findRoot(parents, left), findRoot(parents, right)];
    if (one !== other) parents.set(other, one);
  }
  const components = Map.groupBy(pairs.keys(), (index) =>
    findRoot(parents, (pairs[index] as readonly [number, number])[0]),
  );
  return [...components.values()];
}

/** Halves the path on the way up, which keeps all paths short. */
function findRoot(parents: Map<number, number>, image: number): number {
  let root = image;
  for (;;) {
    const parent = parents.get(root) ?? root;
    if (parent === root) return root;
    const grandparent = parents.get(parent) ?? parent;
    parents.set(root, grandparent);
    root = grandparent;
  }
}
