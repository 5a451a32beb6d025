// What the compiled program reads at run time besides JavaScript: SQL, schemas, data, the built console.
import { cpSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const SKIPPED = /\.(ts|tsx|md)$|\/(node_modules|web\/src)(\/|$)/

for (const folder of ['libs', 'services', 'schemas']) {
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    const from = join(entry.parentPath, entry.name)
    const path = from.slice(root.length)
    if (entry.isFile() && !SKIPPED.test(path)) cpSync(from, join(root, 'build', path), { recursive: true })
  }
}
