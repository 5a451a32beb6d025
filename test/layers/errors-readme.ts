import { type CatalogueEntry, catalogue } from '../../libs/errors/index.ts'

const BEGIN = '<!-- codes: written by test/layers/write-errors-readme.ts -->'
const END = '<!-- end of codes -->'

/** The README of libs/errors with its table of codes as the catalogue has it now. */
export function withCodeTable(readme: string): string {
  const [before] = readme.split(BEGIN)
  const after = readme.split(END)[1] ?? '\n'
  return `${before}${BEGIN}\n${codeTable()}\n${END}${after}`
}

function codeTable(): string {
  const rows = Object.entries<CatalogueEntry>(catalogue)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { status, actor, retry, vxpCode, title }]) =>
        `| \`${code}\` | ${status} | ${actor} | ${retry} | ${vxpCode} | ${cell(title.en)} |`,
    )
  return ['| code | HTTP | who acts | retry | door | what is wrong |', '|---|---|---|---|---|---|', ...rows].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
