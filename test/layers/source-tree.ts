import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** One file of the repository, read once for all rules. */
export interface SourceFile {
  /** From the root of the repository, with `/`. */
  readonly path: string
  readonly text: string
  readonly lines: number
  /** What it imports or re-exports, types included. Empty for anything but code. */
  readonly imports: readonly string[]
  /** Lines of `catch` blocks and `.catch` callbacks that do nothing. */
  readonly emptyCatches: readonly number[]
  /** Lines that read the environment of the process. */
  readonly environmentReads: readonly number[]
}

const LEFT_OUT = new Set(['node_modules', 'build', '.git', '.local', '.tap', 'package-lock.json'])
const CODE = /\.(?:ts|tsx|js|mjs)$/

/** Every text file under the root that a clone would hold. */
export function readTree(root: string): SourceFile[] {
  const files: SourceFile[] = []
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (LEFT_OUT.has(entry.name) || entry.isSymbolicLink()) continue
      if (entry.isDirectory()) visit(path)
      else if (!/\.(?:log|tsbuildinfo)$/.test(path))
        files.push(sourceFile(path, readFileSync(join(root, path), 'utf8')))
    }
  }
  visit('')
  return files
}

/** A file with this path and text; rules are tried on such files first. */
export function sourceFile(path: string, text: string): SourceFile {
  const imports: string[] = []
  const emptyCatches: number[] = []
  const environmentReads: number[] = []
  const lines = text === '' ? 0 : text.replace(/\n$/, '').split('\n').length
  if (!CODE.test(path)) return { path, text, lines, imports, emptyCatches, environmentReads }

  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false)
  const lineOf = (node: ts.Node): number => source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      add(node.moduleSpecifier)
    } else if (ts.isCallExpression(node)) {
      if (node.expression.kind === ts.SyntaxKind.ImportKeyword && node.arguments[0]) add(node.arguments[0])
      if (isEmptyHandler(node)) emptyCatches.push(lineOf(node))
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal)
    } else if (ts.isCatchClause(node) && node.block.statements.length === 0) {
      emptyCatches.push(lineOf(node))
    } else if (
      ts.isPropertyAccessExpression(node) &&
      node.name.text === 'env' &&
      node.expression.getText(source) === 'process'
    ) {
      environmentReads.push(lineOf(node))
    }
    ts.forEachChild(node, visit)
  }
  const add = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) imports.push(node.text)
  }
  visit(source)
  return { path, text, lines, imports, emptyCatches, environmentReads }
}

function isEmptyHandler(node: ts.CallExpression): boolean {
  if (!ts.isPropertyAccessExpression(node.expression) || node.expression.name.text !== 'catch') return false
  const [handler] = node.arguments
  if (!handler || !(ts.isArrowFunction(handler) || ts.isFunctionExpression(handler))) return false
  return ts.isBlock(handler.body) && handler.body.statements.length === 0
}
