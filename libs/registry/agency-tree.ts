import { oldToNew, parentCode } from '../model/index.ts'
import type { AgencyRow } from '../store/index.ts'

/** Units stand at most this deep below a level-1 body; a longer climb is a loop in the data. */
const MAX_DEPTH = 20

/** The one spelling under which parents and children find each other, whichever structure the parent was written in. */
const nodeOf = (code: string): string => oldToNew(code) ?? code

const parentNode = (code: string, agency: AgencyRow | undefined): string | undefined => {
  const parent = agency?.parentCode ?? parentCode(code)
  return parent === undefined ? undefined : nodeOf(parent)
}

/** All agencies by canonical code, and which stand below which. Gaps are bridged: `H26.01.02` stands below `H26` without `H26.01`. */
export class AgencyTree {
  readonly #byCode = new Map<string, AgencyRow>()
  /** Node → nodes right below it; nodes without an agency of their own are kept too. */
  readonly #below = new Map<string, string[]>()
  /** Nodes whose agency is registered under another spelling (an old code). */
  readonly #spelled = new Map<string, AgencyRow>()

  get size(): number {
    return this.#byCode.size
  }

  get(code: string): AgencyRow | undefined {
    return this.#byCode.get(code)
  }

  put(agency: AgencyRow): void {
    const node = nodeOf(agency.code)
    const previous = this.#at(node)
    // A node that only bridges a gap hangs below the parent that its structure gives.
    const before = previous || this.#below.has(node) ? parentNode(node, previous) : undefined
    this.#byCode.set(agency.code, agency)
    if (node !== agency.code) this.#spelled.set(node, agency)
    const after = parentNode(node, agency)
    if (before === after) return
    this.#unlink(node, before)
    this.#link(node, after)
  }

  /** The registered ancestors of a code, nearest first. The code itself need not be registered. */
  *ancestors(code: string): Generator<AgencyRow> {
    let node = nodeOf(code)
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const above = parentNode(node, this.#at(node))
      if (above === undefined) return
      const agency = this.#at(above)
      if (agency) yield agency
      node = above
    }
  }

  /** Agencies right below a code; below a unit that is missing, those of the next level down. */
  children(code: string): AgencyRow[] {
    const found: AgencyRow[] = []
    this.walk(code, (agency) => {
      found.push(agency)
      return false
    })
    return found
  }

  /** Visits the agencies below a code, level by level; what stands below one is visited only where `visit` says so. */
  walk(code: string, visit: (agency: AgencyRow) => boolean): void {
    const start = nodeOf(code)
    const seen = new Set([start])
    const queue = [...(this.#below.get(start) ?? [])]
    for (let at = 0; at < queue.length; at++) {
      const node = queue[at] as string
      if (seen.has(node)) continue
      seen.add(node)
      const agency = this.#at(node)
      if (agency && !visit(agency)) continue
      for (const below of this.#below.get(node) ?? []) queue.push(below)
    }
  }

  #at(node: string): AgencyRow | undefined {
    return this.#byCode.get(node) ?? this.#spelled.get(node)
  }

  #link(node: string, parent: string | undefined): void {
    if (parent === undefined) return
    const siblings = this.#below.get(parent)
    if (siblings) {
      siblings.push(node)
      return
    }
    this.#below.set(parent, [node])
    if (!this.#at(parent)) this.#link(parent, parentNode(parent, undefined))
  }

  #unlink(node: string, parent: string | undefined): void {
    const siblings = parent === undefined ? undefined : this.#below.get(parent)
    const at = siblings?.indexOf(node) ?? -1
    if (at >= 0) siblings?.splice(at, 1)
  }
}
