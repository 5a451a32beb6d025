import type { CatalogueEntry } from '../../libs/errors/index.ts'
import type { SourceFile } from './source-tree.ts'

const VXP_CODES = ['10', '15', '18', '19', '20', '21', '22', '23']

/** Everything wrong with one entry of the catalogue, seen alone. */
export function entryViolations(code: string, entry: CatalogueEntry): string[] {
  const { status, actor, retry, vxpCode, title, advice } = entry
  const texts = { 'title.vi': title.vi, 'title.en': title.en, 'advice.vi': advice.vi, 'advice.en': advice.en }
  const wrong: string[] = []
  const check = (good: boolean, what: string): void => {
    if (!good) wrong.push(`${code}: ${what}`)
  }
  check(/^LT_[A-Z]+(?:_[A-Z0-9]+)+$/.test(code), 'not LT_<AREA>_<REASON>')
  check(Number.isInteger(status) && status >= 400 && status < 600, `status ${status}`)
  check(['sender', 'receiver', 'axis', 'ca'].includes(actor), `actor ${actor}`)
  check(['never', 'after-fix', 'later'].includes(retry), `retry ${retry}`)
  check(VXP_CODES.includes(vxpCode), `vxpCode ${vxpCode}`)
  for (const [name, text] of Object.entries(texts)) {
    check(text.trim() === text && text.length >= 8, `${name} is empty or has white space round it`)
    check(/[.!}]$/.test(text), `${name} does not end a sentence`)
    const sentences = text.split(/[.!?](?=\s+\p{Lu})/u).length
    check(sentences <= (name.startsWith('title') ? 1 : 2), `${name} has ${sentences} sentences`)
  }
  check(/[à-ỹđ]/iu.test(title.vi) && /[à-ỹđ]/iu.test(advice.vi), 'Vietnamese without accents')
  check(placeholders(title.vi) === placeholders(title.en), 'title: other placeholders in vi than in en')
  check(placeholders(advice.vi) === placeholders(advice.en), 'advice: other placeholders in vi than in en')
  return wrong
}

function placeholders(text: string): string {
  return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))].sort().join()
}

/** Codes that no test names, or that nothing in the product raises. */
export function unusedCodes(
  codes: readonly string[],
  files: readonly SourceFile[],
): { untested: string[]; unraised: string[] } {
  const codeFiles = files.filter(({ path }) => path.endsWith('.ts'))
  const mentioned = (chosen: readonly SourceFile[]): Set<string> =>
    new Set(chosen.flatMap(({ text }) => text.match(/\bLT_[A-Z0-9_]+\b/g) ?? []))
  const tested = mentioned(codeFiles.filter(({ path }) => path.startsWith('test/') && !path.startsWith('test/layers/')))
  const raised = mentioned(
    codeFiles.filter(({ path }) => /^(?:libs|services|deploy)\//.test(path) && !path.startsWith('libs/errors/areas/')),
  )
  return { untested: codes.filter((code) => !tested.has(code)), unraised: codes.filter((code) => !raised.has(code)) }
}
