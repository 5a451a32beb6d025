import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import ts from 'typescript'
import { PROJECT } from '../../deploy/local/folders.ts'
import { withLock } from '../../deploy/local/lock.ts'
import { TEST_FOLDERS } from './shared-cluster.ts'

const OUT = join(TEST_FOLDERS.base, 'build')
const SERVICES = ['routing', 'audit', 'receipts', 'delivery', 'gateway', 'console']
const COMPILER: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
}

/**
 * The services compiled, and each of them with all it imports in one file: for processes that are started a thousand times. Loading
 * many small files is most of a start. Only what changed since the last call is done anew; types are not checked.
 * Answers the program of a service.
 */
export async function compileServices(): Promise<(service: string) => string> {
  mkdirSync(OUT, { recursive: true })
  const program = (service: string): string => join(OUT, `${service}.mjs`)
  await withLock(join(TEST_FOLDERS.base, 'build.lock'), async () => {
    let changed = false
    for (const folder of ['libs', 'services', 'schemas']) {
      for (const entry of readdirSync(join(PROJECT, folder), { recursive: true, withFileTypes: true })) {
        const source = join(entry.parentPath, entry.name)
        if (!entry.isFile() || /\.(?:md|tsx)$|\/(?:node_modules|web)\//.test(source)) continue
        changed = bringUpToDate(source) || changed
      }
    }
    for (const service of SERVICES)
      if (changed || !existsSync(program(service))) await bundle(service, program(service))
  })
  return program
}

/** Files that are read at run time lie where the module was, not where the bundle is. */
const keepPlaces: Plugin = {
  name: 'keep-places',
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, ({ path }) => {
      if (!path.startsWith(`${OUT}/`)) return undefined
      const place = JSON.stringify(pathToFileURL(path).href)
      return { contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', place), loader: 'js' }
    })
  },
}

async function bundle(service: string, outfile: string): Promise<void> {
  const aside = `${outfile}.${process.pid}`
  await build({
    entryPoints: [join(OUT, `services/${service}/main.js`)],
    outfile: aside,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['libxml2-wasm'],
    plugins: [keepPlaces],
    // What is CommonJS inside still asks for the modules of Node.
    banner: {
      js: `import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);`,
    },
    logLevel: 'error',
  })
  renameSync(aside, outfile)
}

/** Answers whether there was something to do. */
function bringUpToDate(source: string): boolean {
  const isCode = source.endsWith('.ts')
  const target = join(OUT, source.slice(PROJECT.length)).replace(/\.ts$/, '.js')
  const { mtime } = statSync(source)
  const made = statSync(target, { throwIfNoEntry: false })?.mtimeMs ?? 0
  // The file system keeps finer times than those that can be set.
  if (Math.abs(made - mtime.getTime()) < 5) return false
  mkdirSync(dirname(target), { recursive: true })
  const aside = `${target}.${process.pid}`
  if (isCode) {
    const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), { compilerOptions: COMPILER })
    writeFileSync(aside, outputText)
  } else copyFileSync(source, aside)
  utimesSync(aside, mtime, mtime)
  renameSync(aside, target)
  return true
}
