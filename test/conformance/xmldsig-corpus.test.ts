import { execFile } from 'node:child_process'
import type { KeyObject } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { isBusError } from '../../libs/errors/index.ts'
import { nodeCrypto, packetPolicy, readSignature, SignatureFault, verifySignature } from '../../libs/signature/index.ts'
import { elementsInNamespace, firstChild, localName, parseXml, type XmlElement } from '../../libs/xml/index.ts'
import { candidatesOf, dereference, type InteropRun, interopCrypto, interopPolicy } from './interop-engine.ts'
import { canonicalNodeSet, nodeSetOf } from './node-set.ts'

const DSIG = 'http://www.w3.org/2000/09/xmldsig#'
const corpus = process.env.LIENTHONG_CORPUS
const sets = corpus && join(corpus, 'corpus', 'xmldsig')
const options =
  sets && existsSync(sets) ? {} : { skip: 'LIENTHONG_CORPUS is not set: the outside signature vectors are not checked' }

/** Files that no engine here can verify, and why. Both engines must then refuse them. */
const notPossible: Record<string, string> = {
  'merlin-xmldsig-twenty-three/signature.xml': 'has a DOCTYPE, which the parser refuses; needs http documents and XSLT',
  'phaos-xmldsig-three/signature-big.xml': 'needs an XSLT transform, which the product never runs',
  'phaos-xmldsig-three/signature-rsa-xpath-transform-enveloped.xml': 'its XPath uses here(), which the engine lacks',
}
const missing = 'refers to a document on the web that is not in the set'
for (const name of [
  'external-b64-dsa',
  'external-dsa',
  'keyname',
  'retrievalmethod-rawx509crt',
  'x509-crt-crl',
  'x509-crt',
  'x509-is',
  'x509-ski',
  'x509-sn',
]) {
  notPossible[`merlin-xmldsig-twenty-three/signature-${name}.xml`] = missing
}
for (const name of [
  'dsa-detached',
  'rsa-detached',
  'hmac-sha1-40-c14n-comments-detached',
  'hmac-sha1-40-exclusive-c14n-comments-detached',
  'hmac-sha1-exclusive-c14n-comments-detached',
]) {
  notPossible[`phaos-xmldsig-three/signature-${name}.xml`] = missing
}

/** Signatures that are meant to fail. */
const bad: Record<string, string> = {
  'phaos-xmldsig-three/signature-rsa-enveloped-bad-digest-val.xml': 'LT_SIG_DIGEST_MISMATCH',
  'phaos-xmldsig-three/signature-rsa-enveloped-bad-sig.xml': 'LT_SIG_STRUCTURE',
  'xmldsig11-interop-2012/signature-enveloping-hmac-sha1-truncated40.xml': 'LT_SIG_VALUE_MISMATCH',
}

/** Where xmlsec1 1.2 says something else, and why that is right. */
const xmlsecDiffers: Record<string, string> = {
  'phaos-xmldsig-three/signature-rsa-xpath-transform-enveloped.xml': 'has here() and verifies it',
}

interface Outcome {
  readonly interop: string
  readonly product: string
  readonly xmlsec: boolean
}

const scratch = mkdtempSync(join(tmpdir(), 'lienthong-dsig-'))
t.teardown(() => rmSync(scratch, { recursive: true }))

t.test('every file of merlin, phaos, xmldsig11 and c14n', options, async (t) => {
  const root = sets as string
  const files = readdirSync(root).flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => /signature.*\.xml$/.test(file))
      .map((file) => `${folder}/${file}`),
  )
  t.equal(files.length, 91, 'the sets are complete')
  let verified = 0
  const refused = new Map<string, number>()
  for (const name of files) {
    const outcome = await judge(join(root, name))
    const reason = notPossible[name]
    if (bad[name]) t.equal(outcome.interop, bad[name], `${name}: fails as it must`)
    else if (reason) t.not(outcome.interop, 'verified', `${name}: not possible: ${reason} (${outcome.interop})`)
    else t.equal(outcome.interop, 'verified', `${name}: verified; product policy: ${outcome.product}`)
    if (outcome.interop === 'verified') verified += 1
    refused.set(outcome.product, (refused.get(outcome.product) ?? 0) + 1)
    if (outcome.product === 'verified')
      t.equal(outcome.interop, 'verified', `${name}: the product accepts only what holds`)
    const expected = xmlsecDiffers[name] ? outcome.interop !== 'verified' : outcome.interop === 'verified'
    t.equal(outcome.xmlsec, expected, `${name}: xmlsec1 ${xmlsecDiffers[name] ?? 'agrees'}`)
  }
  const policy = {
    'refused: LT_SIG_ALGORITHM': 64,
    'refused: LT_ENV_DTD': 1,
    'refused: LT_SIG_STRUCTURE': 1,
    verified: 25,
  }
  t.same(Object.fromEntries(refused), policy, 'what the product policy says')
  t.equal(verified, files.length - Object.keys(notPossible).length - Object.keys(bad).length)
})

t.test('canonical forms of merlin-c14n-three, byte for byte', options, async (t) => {
  const folder = join(sets as string, 'merlin-c14n-three')
  using tree = parseXml(readFileSync(join(folder, 'signature.xml')))
  const signature = readSignature(signaturesIn(tree)[0] as XmlElement)
  const outputs = readdirSync(folder).filter((file) => /^c14n-\d+\.txt$/.test(file))
  t.equal(outputs.length, signature.references.length + 1, 'one output per reference and one for SignedInfo')
  for (const [index, reference] of signature.references.entries()) {
    const transforms = firstChild(reference.element, 'Transforms') as XmlElement
    const xpath = firstChild(firstChild(transforms, 'Transform') as XmlElement, 'XPath') as XmlElement
    const form = reference.transforms[1] ?? { algorithm: '', inclusivePrefixes: [] }
    const produced = canonicalNodeSet(tree, nodeSetOf(tree, xpath), form)
    t.same(produced.toString(), readFileSync(join(folder, `c14n-${index}.txt`), 'utf8'), `c14n-${index}.txt`)
  }
  const chunks: Buffer[] = []
  tree.canonicalize({ mode: 'inclusive', target: signature.signedInfo }, (chunk) => chunks.push(Buffer.from(chunk)))
  t.same(Buffer.concat(chunks).toString(), readFileSync(join(folder, 'c14n-27.txt'), 'utf8'), 'SignedInfo')
})

t.test('wrapping: tricks are refused, honest neighbours hold', options, async (t) => {
  const folder = join(corpus as string, 'corpus', 'wrapping')
  const expected: Record<string, readonly string[]> = {
    'saml_external_ns.xml': ['verified'],
    'valid_saml.xml': ['verified', 'verified'],
    'valid_signature_utf8.xml': ['verified'],
    'saml_multiple_signed_info_nodes.xml': ['LT_SIG_STRUCTURE'],
    'saml_wrapped_signed_info_node.xml': ['LT_SIG_STRUCTURE'],
    // Ids in a foreign namespace (wsu:Id) name nothing for us; a packet's id is xml:id.
    'valid_signature_with_unused_prefixes.xml': ['LT_SIG_REFERENCE_MISSING'],
    // A relative namespace name has no canonical form (C14N 1.0, 1.3); xmlsec1 refuses these for the same reason.
    'invalid_signature_-_changed_content.xml': ['LT_SIG_NAMESPACE_RELATIVE'],
    'invalid_signature_-_hash.xml': ['LT_SIG_NAMESPACE_RELATIVE'],
    'invalid_signature_-_non_existing_reference.xml': ['LT_SIG_NAMESPACE_RELATIVE'],
    'invalid_signature_-_signature_value.xml': ['LT_SIG_NAMESPACE_RELATIVE'],
    'valid_signature.xml': ['LT_SIG_NAMESPACE_RELATIVE'],
    'valid_signature_with_root_level_sig_namespace.xml': ['LT_SIG_NAMESPACE_RELATIVE'],
    'valid_signature_with_whitespace_in_digestvalue.xml': ['LT_SIG_NAMESPACE_RELATIVE'],
  }
  const files = readdirSync(folder).filter((file) => file.endsWith('.xml'))
  t.same(files.sort(), Object.keys(expected).sort(), 'every file is named')
  for (const file of files) t.same(await judgeAll(join(folder, file)), expected[file], file)
})

async function judge(file: string): Promise<Outcome> {
  const run: { matched?: InteropRun['matched'] } = {}
  const [interop] = await judgeAll(file, run)
  const product = await productVerdict(file)
  return { interop: interop ?? 'no signature', product, xmlsec: await xmlsecVerdict(file, run.matched) }
}

/** Cryptographic verdict of each signature in a file, old algorithms allowed. */
async function judgeAll(file: string, out: { matched?: InteropRun['matched'] } = {}): Promise<string[]> {
  try {
    using tree = parseXml(readFileSync(file))
    const verdicts: string[] = []
    for (const element of signaturesIn(tree)) verdicts.push(await judgeOne(file, element, out))
    return verdicts
  } catch (error) {
    if (isBusError(error)) return [error.code]
    throw error
  }
}

async function judgeOne(file: string, element: XmlElement, out: { matched?: InteropRun['matched'] }): Promise<string> {
  try {
    const signature = readSignature(element)
    const run: InteropRun = { file, tree: element.tree, signature }
    out.matched = candidatesOf(run)[0]
    await verifySignature(element.tree, signature, {
      policy: interopPolicy,
      crypto: interopCrypto(run),
      resolveKey: () => candidatesOf(run),
      dereference: dereference(run),
    })
    out.matched = run.matched
    return 'verified'
  } catch (error) {
    if (error instanceof SignatureFault) return error.reason
    if (error instanceof Error && error.message.includes('XPath')) return 'XPath not possible'
    throw error
  }
}

/** The product's own policy and cryptography, with the keys of the file. */
async function productVerdict(file: string): Promise<string> {
  try {
    using tree = parseXml(readFileSync(file))
    const signature = readSignature(signaturesIn(tree)[0] as XmlElement)
    const run: InteropRun = { file, tree, signature }
    const keys = candidatesOf(run).filter((key): key is KeyObject => !Buffer.isBuffer(key))
    await verifySignature(tree, signature, {
      policy: packetPolicy,
      crypto: {
        createDigest: nodeCrypto.createDigest,
        verify: (algorithm, _key, data, value) => keys.some((key) => nodeCrypto.verify(algorithm, key, data, value)),
      },
      resolveKey: () => undefined,
    })
    return 'verified'
  } catch (error) {
    if (error instanceof SignatureFault) return `refused: ${error.reason}`
    if (isBusError(error)) return `refused: ${error.code}`
    throw error
  }
}

function signaturesIn(tree: Parameters<typeof elementsInNamespace>[0]): XmlElement[] {
  return elementsInNamespace(tree, DSIG).filter((element) => localName(element) === 'Signature')
}

/** xmlsec1 with the same key and no other, so that the two engines judge the same question. */
async function xmlsecVerdict(file: string, key: InteropRun['matched']): Promise<boolean> {
  const keyFile = join(scratch, 'key')
  const keyArguments: string[] = []
  if (Buffer.isBuffer(key)) keyArguments.push('--hmackey', keyFile)
  else if (key) keyArguments.push('--pubkey-pem', keyFile)
  if (key) writeFileSync(keyFile, Buffer.isBuffer(key) ? key : key.export({ type: 'spki', format: 'pem' }))
  const inputs = ['--verify', '--enabled-key-data', 'key-name', '--ignore-manifests', ...keyArguments, file]
  return new Promise((resolve) => {
    execFile('xmlsec1', inputs, { cwd: join(file, '..') }, (error) => resolve(error === null))
  })
}
