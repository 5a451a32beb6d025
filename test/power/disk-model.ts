/** One call that changed a disk or made a change safe. Times are seconds of one clock; nothing is promised before `ended`. */
export type DiskCall = {
  readonly begun: number
  readonly ended: number
} & (
  | { readonly kind: 'create' | 'folder' | 'remove' | 'sync'; readonly path: string }
  /** Appends. */
  | { readonly kind: 'write'; readonly path: string; readonly bytes: number }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
)

/** A number in [0, 1). */
export type Chance = () => number

interface Times {
  readonly begun: number
  readonly ended: number
}
interface File {
  readonly writes: (Times & { readonly bytes: number })[]
  readonly syncs: Times[]
}
interface Folder {
  readonly entries: (Times & { readonly name: string; readonly node: Node | undefined })[]
  readonly syncs: Times[]
}
type Node = ({ readonly is: 'file' } & File) | ({ readonly is: 'folder' } & Folder)

/**
 * What is left of a folder when the power goes at `cut`: the bytes of each file, by its path. A write is safe once an fdatasync or
 * fsync of its file has ended that began after it; a name, once its folder was synced likewise. Of everything else chance decides,
 * each change by itself: that is harder than any file system, whose journal keeps some order.
 * @param calls in order of their begin; what they do not make was there before and is safe
 */
export function loseDisk(calls: readonly DiskCall[], cut: number, chance: Chance): Map<string, number> {
  const root: Node = { is: 'folder', entries: [], syncs: [] }
  const nodes = new Map<string, Node>()
  const folderAt = (path: string): Node & { is: 'folder' } => {
    const found = nodes.get(path)
    if (found?.is === 'folder') return found
    // Was there before: nothing can take it away.
    const folder: Node = { is: 'folder', entries: [], syncs: [] }
    nodes.set(path, folder)
    root.entries.push({ name: path, node: folder, begun: Number.NEGATIVE_INFINITY, ended: Number.NEGATIVE_INFINITY })
    root.syncs.push({ begun: Number.NEGATIVE_INFINITY, ended: Number.NEGATIVE_INFINITY })
    return folder
  }
  const put = (path: string, node: Node | undefined, { begun, ended }: Times): void => {
    const { parent, name } = splitPath(path)
    folderAt(parent).entries.push({ name, node, begun, ended })
    if (node) nodes.set(path, node)
    else nodes.delete(path)
  }
  for (const call of calls) {
    if (call.begun >= cut) continue
    if (call.kind === 'rename') {
      const node = nodes.get(call.from)
      if (!node) continue
      put(call.to, node, call)
      put(call.from, undefined, call)
      // What lies below moves with it: the nodes hold their entries, only the look-up by path is to be mended.
      for (const [path, below] of [...nodes])
        if (path.startsWith(`${call.from}/`)) nodes.set(call.to + path.slice(call.from.length), below)
    } else if (call.kind === 'create') put(call.path, { is: 'file', writes: [], syncs: [] }, call)
    else if (call.kind === 'folder') put(call.path, { is: 'folder', entries: [], syncs: [] }, call)
    else if (call.kind === 'remove') put(call.path, undefined, call)
    else if (call.kind === 'sync') (nodes.get(call.path) ?? folderAt(call.path)).syncs.push(call)
    else if (call.kind === 'write') {
      const node = nodes.get(call.path)
      if (node?.is === 'file') node.writes.push(call)
    }
  }
  const left = new Map<string, number>()
  collect(root, '', cut, chance, left)
  return left
}

function collect(
  folder: Node & { is: 'folder' },
  path: string,
  cut: number,
  chance: Chance,
  left: Map<string, number>,
): void {
  const names = new Map<string, Node | undefined>()
  for (const entry of folder.entries)
    if (isSafe(entry, folder.syncs, cut) || chance() < 0.5) names.set(entry.name, entry.node)
  for (const [name, node] of names) {
    const full = path === '' ? name : `${path}/${name}`
    if (node?.is === 'folder') collect(node, full, cut, chance, left)
    else if (node) left.set(full, bytesLeft(node, cut, chance))
  }
}

/** Of what was not synced any beginning may have reached the disk. */
function bytesLeft({ writes, syncs }: File, cut: number, chance: Chance): number {
  let [safe, loose] = [0, 0]
  for (const write of writes) {
    if (isSafe(write, syncs, cut)) safe += write.bytes
    else loose += write.bytes
  }
  if (loose === 0 || chance() < 0.3) return safe
  return safe + Math.floor(chance() * (loose + 1))
}

/** Whether a sync that began after the change had ended before the cut. */
export function isSafe(change: Times, syncs: readonly Times[], cut: number): boolean {
  return syncs.some(({ begun, ended }) => begun >= change.ended && ended <= cut)
}

function splitPath(path: string): { parent: string; name: string } {
  const at = path.lastIndexOf('/')
  return { parent: path.slice(0, at), name: path.slice(at + 1) }
}
