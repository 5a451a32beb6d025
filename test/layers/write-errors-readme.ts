import { readFileSync, writeFileSync } from 'node:fs'
import { withCodeTable } from './errors-readme.ts'

const readme = new URL('../../libs/errors/README.md', import.meta.url)
writeFileSync(readme, withCodeTable(readFileSync(readme, 'utf8')))
