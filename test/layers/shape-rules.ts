import type { SourceFile } from './source-tree.ts'

const FORBIDDEN = new Set(['utils', 'helpers', 'common', 'misc', 'types', 'index'])
const MEDIAN_LINES = 90
const P95_LINES = 280
const MAX_LINES = 450

/** Every stage of a document's way has the same files. */
export const STAGES = ['gateway', 'routing', 'delivery', 'receipts', 'audit', 'console'] as const
/** Stages whose folder is still to come. A line goes with the stage's first file. */
export const NOT_YET_BUILT: readonly string[] = []
const STAGE_FILES = ['README.md', 'main.ts', 'service.ts', 'config.ts']
const MAIN_LINES = 10

const isCode = (path: string): boolean => /\.(?:ts|tsx|js|mjs)$/.test(path)
const isGenerated = (text: string): boolean => /^(?:\/\/|\/\*\*?) (?:Generated|Made) by /m.test(text.slice(0, 400))

/** Files too long, and a distribution that drifts upwards. Tests, SQL and generated files stand apart. */
export function sizeViolations(files: readonly SourceFile[]): string[] {
  const counted = files.filter(
    ({ path, text }) => /^(?:libs|services|deploy)\//.test(path) && isCode(path) && !isGenerated(text),
  )
  const sizes = counted.map(({ lines }) => lines).sort((a, b) => a - b)
  const at = (share: number): number => sizes[Math.min(sizes.length - 1, Math.ceil(sizes.length * share) - 1)] ?? 0
  return [
    ...counted
      .filter(({ lines }) => lines > MAX_LINES)
      .map(({ path, lines }) => `${path} has ${lines} lines (at most ${MAX_LINES})`),
    ...(at(0.5) > MEDIAN_LINES ? [`median ${at(0.5)} lines (at most ${MEDIAN_LINES})`] : []),
    ...(at(0.95) > P95_LINES ? [`95 % of files within ${at(0.95)} lines (at most ${P95_LINES})`] : []),
  ]
}

/** Names that say nothing. */
export function nameViolations(files: readonly SourceFile[]): string[] {
  return files
    .map(({ path }) => path)
    .filter((path) => /^(?:libs|services|deploy|test)\//.test(path) && isCode(path))
    .filter((path) => !/^libs\/[a-z]+\/index\.ts$/.test(path))
    .flatMap((path) => {
      const names = path.split('/').map((part) => part.replace(/\..*$/, ''))
      const bad = names.find((name) => FORBIDDEN.has(name))
      return bad ? [`${path} is named "${bad}"`] : []
    })
}

/** Stages without their files, and a stale list of those to come. */
export function stageViolations(files: readonly SourceFile[], toCome: readonly string[] = NOT_YET_BUILT): string[] {
  return STAGES.flatMap((stage) => {
    const folder = `services/${stage}/`
    const own = files.filter(({ path }) => path.startsWith(folder))
    if (toCome.includes(stage)) return own.length > 0 ? [`${folder} exists: take it off the list of those to come`] : []
    const names = own.map(({ path }) => path.slice(folder.length))
    const main = own.find(({ path }) => path === `${folder}main.ts`)
    return [
      ...STAGE_FILES.filter((name) => !names.includes(name)).map((name) => `${folder}${name} is missing`),
      ...(main && main.lines > MAIN_LINES ? [`${main.path} has ${main.lines} lines (at most ${MAIN_LINES})`] : []),
      ...(names.some((name) => /(?:^|\/)[a-z]+-[a-z-]+\.ts$/.test(name)) ? [] : [`${folder} has no <verb>-<noun>.ts`]),
    ]
  })
}

/** Folders directly under libs/ and services/ without a README, or with an empty one. */
export function readmeViolations(files: readonly SourceFile[]): string[] {
  const folders = new Set(files.flatMap(({ path }) => /^(?:libs|services)\/[^/]+(?=\/)/.exec(path)?.[0] ?? []))
  return ['libs', 'services', 'test', ...folders].filter((folder) => {
    const readme = files.find(({ path }) => path === `${folder}/README.md`)
    return !readme || readme.lines < 5
  })
}
