import { isSize } from './tree-shape.ts'

/** Levels of the tree per tile (C2SP tlog-tiles): a full tile holds the 256 hashes of its lowest level. */
export const TILE_HEIGHT = 8
export const TILE_WIDTH = 256

/** A tile of the log: tile level, index in that level, and how many hashes it holds (256 when full). */
export interface Tile {
  readonly level: number
  readonly index: number
  readonly width: number
}

/** The address of a tile under the log's root: `tile/<level>/<index in groups of three>[.p/<width>]` (C2SP tlog-tiles). */
export function tilePath({ level, index, width }: Tile): string {
  const digits = String(index)
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) as string[]
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/')
  return `tile/${level}/${name}${width < TILE_WIDTH ? `.p/${width}` : ''}`
}

/** Reads such an address; `undefined` when it is none, or not in its one spelling. */
export function parseTilePath(path: string): Tile | undefined {
  const match = /^tile\/(\d{1,2})\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path)
  if (!match) return undefined
  const tile = {
    level: Number(match[1]),
    index: Number((match[2] as string).replaceAll(/[x/]/g, '')),
    width: match[3] === undefined ? TILE_WIDTH : Number(match[3]),
  }
  return tile.width > 0 && tile.level < 64 && tilePath(tile) === path ? tile : undefined
}

/** Where the hash of the complete node (`level`, `index`) lies or is made from: its tile, and the span of that tile's hashes under it. */
export function tileOf(level: number, index: number): { level: number; index: number; from: number; count: number } {
  const inTile = level % TILE_HEIGHT
  const count = 2 ** inTile
  const first = index * count
  return {
    level: (level - inTile) / TILE_HEIGHT,
    index: Math.floor(first / TILE_WIDTH),
    from: first % TILE_WIDTH,
    count,
  }
}

/** How many hashes tile (`level`, `index`) of the tree with `size` leaves holds; 0 when it does not exist. */
export function tileWidth(size: number, level: number, index: number): number {
  if (!isSize(size)) return 0
  const hashes = Math.floor(size / TILE_WIDTH ** level)
  return Math.max(0, Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH))
}
