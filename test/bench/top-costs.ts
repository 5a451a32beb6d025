// Reads a CPU profile: node --import=tsx test/bench/top-costs.ts FILE.cpuprofile [lines]
import { readFileSync } from 'node:fs'

interface Profile {
  readonly nodes: readonly {
    id: number
    callFrame: { functionName: string; url: string; lineNumber: number }
    children?: number[]
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const [file = '', lines = '40'] = process.argv.slice(2)
const profile = JSON.parse(readFileSync(file, 'utf8')) as Profile
const selfUs = new Map<number, number>()
for (const [i, id] of profile.samples.entries()) selfUs.set(id, (selfUs.get(id) ?? 0) + (profile.timeDeltas[i] ?? 0))
const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
const idle = (name: string): boolean => name === '(idle)' || name === '(program)'
const busy = profile.nodes.reduce(
  (sum, { id, callFrame }) => sum + (callFrame.functionName === '(idle)' ? 0 : (selfUs.get(id) ?? 0)),
  0,
)

const bySelf = new Map<string, number>()
const byTotal = new Map<string, number>()
const byHome = new Map<string, number>()

function place(url: string): string {
  return url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/node_modules\//, '')
    .replace(/^.*\/((?:libs|services|test)\/.*)$/, '$1')
    .replace(/\.js$/, '')
}

/** Whose cost it is: a package, a folder of ours, or Node itself. */
function homeOf(url: string): string {
  if (url === '') return '(engine)'
  if (url.startsWith('node:')) return url.startsWith('node:internal/') ? `node:${url.split('/')[1]}` : url
  if (url.startsWith('wasm:')) return 'libxml2-wasm'
  return place(url)
    .split('/')
    .slice(0, url.includes('/node_modules/') && !place(url).startsWith('@') ? 1 : 2)
    .join('/')
}

function visit(id: number, above: ReadonlySet<string>): number {
  const node = nodes.get(id)
  if (!node) return 0
  const { functionName, url, lineNumber } = node.callFrame
  const name = `${functionName || '(anonymous)'}  ${place(url)}:${lineNumber + 1}`
  const own = selfUs.get(id) ?? 0
  bySelf.set(name, (bySelf.get(name) ?? 0) + own)
  const native = url === '' && !functionName.startsWith('(')
  if (!idle(functionName))
    byHome.set(
      native ? '(native)' : homeOf(url) + (url === '' ? ` ${functionName}` : ''),
      (byHome.get(native ? '(native)' : homeOf(url) + (url === '' ? ` ${functionName}` : '')) ?? 0) + own,
    )
  const below = new Set(above).add(name)
  const total = own + (node.children ?? []).reduce((sum, child) => sum + visit(child, below), 0)
  if (!above.has(name)) byTotal.set(name, (byTotal.get(name) ?? 0) + total)
  return total
}
visit((profile.nodes[0] as { id: number }).id, new Set())

function print(title: string, table: Map<string, number>, count: number): void {
  console.log(`\n${title}`)
  for (const [name, us] of [...table].sort((a, b) => b[1] - a[1]).slice(0, count)) {
    console.log(`${((us * 100) / busy).toFixed(1).padStart(6)} %  ${(us / 1000).toFixed(0).padStart(7)} ms  ${name}`)
  }
}
console.log(`${file}: ${(busy / 1000).toFixed(0)} ms busy`)
print('by home', byHome, 25)
print('by function, own time', bySelf, Number(lines))
print('by function, with what it calls', byTotal, Number(lines))
