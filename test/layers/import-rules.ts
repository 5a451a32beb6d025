import { posix } from 'node:path'
import type { SourceFile } from './source-tree.ts'

/** Imports between libraries go from a higher rank to a lower one, never sideways. */
export const RANKS: Readonly<Record<string, number>> = {
  errors: 0,
  model: 1,
  runtime: 1,
  xml: 1,
  merkle: 1,
  schema: 2,
  signature: 2,
  envelope: 3,
  store: 3,
  blobs: 3,
  bus: 3,
  queue: 3,
  http: 3,
  registry: 4,
  pipeline: 4,
  vxp: 4,
  client: 5,
}

/** The folders that may import a package. One each, except where the reason stands beside it. */
export const HOMES: Readonly<Record<string, readonly string[]>> = {
  nats: ['libs/bus'],
  bullmq: ['libs/queue'],
  ioredis: ['libs/queue'],
  pg: ['libs/store'],
  xmldsigjs: ['libs/signature'],
  xadesjs: ['libs/signature'],
  'xml-core': ['libs/signature'],
  '@peculiar/x509': ['libs/signature'],
  '@xmldom/xmldom': ['libs/signature'],
  xpath: ['libs/signature'],
  'libxml2-wasm': ['libs/xml'],
  ajv: ['libs/schema'],
  'ajv-formats': ['libs/schema'],
  // Settings are TypeBox objects too, and the runtime ranks below libs/schema, whose face everybody else uses.
  typebox: ['libs/schema', 'libs/runtime'],
  fastify: ['libs/http'],
  '@fastify/': ['libs/http'],
  'fastify-plugin': ['libs/http'],
  undici: ['libs/http'],
  pino: ['libs/runtime'],
  'prom-client': ['libs/runtime'],
  yauzl: ['libs/envelope'],
  nodemailer: ['services/delivery/notices'],
  // The gateway checks assertions and issues tokens, the client makes assertions: two ends of one exchange.
  jose: ['services/gateway/auth', 'libs/client'],
}

/** Services made of the others. */
const COMPOSING_SERVICES = ['all', 'cli']

const inProduct = (path: string): boolean =>
  /^(?:libs|services)\//.test(path) && !path.startsWith('services/console/web/')

/** Everything wrong with who imports whom. */
export function importViolations(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => file.imports.flatMap((specifier) => importViolation(file.path, specifier) ?? []))
}

function importViolation(path: string, specifier: string): string | undefined {
  if (!inProduct(path) || !specifier.startsWith('.')) return undefined
  const target = posix.join(posix.dirname(path), specifier)
  const [area, owner] = path.split('/') as [string, string]
  const [targetArea, targetOwner = '', ...rest] = target.split('/') as [string, string, ...string[]]
  if (targetArea === area && targetOwner === owner) return undefined
  const said = `${path} imports ${target}`
  if (targetArea === 'libs') {
    if (rest.join('/') !== 'index.ts') return `${said}: past the face of libs/${targetOwner}`
    return area === 'libs' && rank(owner) <= rank(targetOwner) ? `${said}: not down the ranks` : undefined
  }
  if (targetArea === 'services' && area === 'services' && COMPOSING_SERVICES.includes(owner)) return undefined
  return `${said}: ${area} must not`
}

function rank(library: string): number {
  const found = RANKS[library]
  if (found === undefined) throw new Error(`libs/${library} has no rank`)
  return found
}

/** Packages imported outside their home, or without one. A home may hand on types through its face. */
export function homeViolations(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => inProduct(path) || path.startsWith('deploy/'))
    .flatMap(({ path, imports }) =>
      imports.flatMap((specifier) => {
        if (specifier.startsWith('.') || specifier.startsWith('node:')) return []
        const name = packageName(specifier)
        const homes = HOMES[name] ?? HOMES[name.replace(/\/.*/, '/')]
        if (!homes) return [`${path} imports ${name}, which has no home`]
        if (!homes.some((home) => path.startsWith(`${home}/`)))
          return [`${path} imports ${name}, at home in ${homes.join(', ')}`]
        return []
      }),
    )
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Homes of packages that package.json does not name any more, and runtime packages without a home. */
export function staleHomes(dependencies: Readonly<Record<string, string>>): string[] {
  const names = Object.keys(dependencies)
  const isKnown = (name: string): boolean => name in HOMES || (name.startsWith('@fastify/') && '@fastify/' in HOMES)
  return [
    ...Object.keys(HOMES).filter((home) => !names.some((name) => name === home || name.startsWith(home))),
    ...names.filter((name) => !isKnown(name)),
  ]
}

/** `libs/merkle` also runs in a browser. */
export function merkleViolations(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.startsWith('libs/merkle/'))
    .flatMap(({ path, text, imports }) => [
      ...imports
        .filter((specifier) => specifier.startsWith('node:'))
        .map((specifier) => `${path} imports ${specifier}`),
      ...(/\bBuffer\b|\bprocess\b/.test(text) && path.endsWith('.ts') ? [`${path} names Buffer or process`] : []),
    ])
}

/** The environment is read in one place. */
export function environmentViolations(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => inProduct(path) && !path.startsWith('libs/runtime/'))
    .flatMap(({ path, environmentReads }) => environmentReads.map((line) => `${path}:${line} reads process.env`))
}
