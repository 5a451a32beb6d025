import { createHash, createHmac, createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { ReadSignature, SignatureCrypto, SignaturePolicy, SignatureReference } from '../../libs/signature/index.ts'
import type { XmlElement, XmlTree } from '../../libs/xml/index.ts'
import { allElements, attribute, elementsById, firstChild, localName, parseXml, textOf } from '../../libs/xml/index.ts'
import { canonicalNodeSet, nodeSetOf } from './node-set.ts'

/** What the product refuses and the interoperability sets use: old hashes, shared secrets, DSA, XPath. For these tests only. */
export type InteropKey = KeyObject | Buffer

const everything = { has: () => true } as unknown as ReadonlySet<string>
export const interopPolicy: SignaturePolicy = {
  signatures: everything,
  digests: everything,
  canonicalizations: everything,
  transforms: everything,
}

export interface InteropRun {
  readonly file: string
  readonly tree: XmlTree
  readonly signature: ReadSignature
  /** The key that verified the value. */
  matched?: InteropKey
}

const secrets: Readonly<Record<string, string>> = {
  'merlin-xmldsig-twenty-three': 'secret',
  'phaos-xmldsig-three': 'test',
  'xmldsig11-interop-2012': 'testkey',
}

/** Every key the file or its folder offers for the signature's algorithm, those of the file first. */
export function candidatesOf({ file, signature }: InteropRun): InteropKey[] {
  const family = /(rsa|dsa|ec|hmac)\w*-\w+$/.exec(signature.signatureAlgorithm)?.[1]
  if (family === 'hmac') return [Buffer.from(secrets[basename(dirname(file))] ?? '')]
  const embedded = allElements(signature.element.tree).flatMap((element) => keyIn(element))
  return [...embedded, ...folderKeys(dirname(file))].filter((key) => key.asymmetricKeyType === family)
}

export function interopCrypto(run: InteropRun): SignatureCrypto<InteropKey[]> {
  return {
    createDigest: (algorithm) => createHash(hashOf(algorithm)),
    verify(algorithm, keys, data, value) {
      const found = keys.find((key) => verifies(run.signature, algorithm, key, data, value))
      if (found) run.matched = found
      return found !== undefined
    },
  }
}

function verifies(signature: ReadSignature, algorithm: string, key: InteropKey, data: Uint8Array, value: Uint8Array) {
  const [, family, hash] = /(rsa|dsa|ecdsa|hmac)-(\w+)$/.exec(algorithm) ?? []
  if (family === 'hmac') {
    const method = firstChild(signature.signedInfo, 'SignatureMethod') as XmlElement
    const bits = firstChild(method, 'HMACOutputLength')
    const length = bits ? Number(textOf(bits)) / 8 : value.length
    if (!Buffer.isBuffer(key) || length < 10 || length !== value.length) return false
    return createHmac(hash as string, key)
      .update(data)
      .digest()
      .subarray(0, length)
      .equals(value)
  }
  if (Buffer.isBuffer(key)) return false
  if (key.asymmetricKeyType !== (family === 'ecdsa' ? 'ec' : family)) return false
  try {
    return verify(hash as string, data, { key, dsaEncoding: 'ieee-p1363' }, value)
  } catch {
    return false
  }
}

function hashOf(algorithm: string): string {
  return (/[#-](\w+)$/.exec(algorithm)?.[1] ?? '').toLowerCase()
}

/** Octets of the references that the product does not read: other files, XPointer, XPath, Base64. */
export function dereference({ file, tree }: InteropRun): (reference: SignatureReference) => Uint8Array | undefined {
  return (reference) => {
    const uri = reference.uri ?? ''
    const [step, form] = reference.transforms
    const algorithm = step?.algorithm ?? ''
    if (uri === '' && algorithm.includes('REC-xpath')) {
      const xpath = firstChild(firstChild(reference.element, 'Transforms') as XmlElement, 'Transform') as XmlElement
      const keep = nodeSetOf(tree, firstChild(xpath, 'XPath') as XmlElement)
      return canonicalNodeSet(tree, keep, form ?? { algorithm: '', inclusivePrefixes: [] })
    }
    const pointer = /^#xpointer\(id\('([^']+)'\)\)$/.exec(uri)?.[1]
    if (pointer !== undefined) {
      const [target] = elementsById(tree).get(pointer) as [XmlElement]
      return canonical(tree, target, algorithm, step?.inclusivePrefixes ?? [])
    }
    if (uri.startsWith('#') && algorithm.endsWith('#base64')) {
      return Buffer.from(textOf((elementsById(tree).get(uri.slice(1)) as [XmlElement])[0]), 'base64')
    }
    if (uri === '' || uri.startsWith('#') || uri.includes(':')) return undefined
    return external(join(dirname(file), uri), reference)
  }
}

function external(path: string, reference: SignatureReference): Uint8Array | undefined {
  const bytes = readFileSync(path)
  const [step] = reference.transforms
  if (!step) return bytes
  if (step.algorithm.includes('xslt')) return undefined
  if (step.algorithm.endsWith('#base64')) return Buffer.from(bytes.toString('latin1'), 'base64')
  using tree = parseXml(bytes)
  if (step.algorithm.includes('REC-xpath')) {
    const transform = firstChild(firstChild(reference.element, 'Transforms') as XmlElement, 'Transform') as XmlElement
    const keep = nodeSetOf(tree, firstChild(transform, 'XPath') as XmlElement)
    return canonicalNodeSet(tree, keep, reference.transforms[1] ?? { algorithm: '', inclusivePrefixes: [] })
  }
  return canonical(tree, undefined, step.algorithm, step.inclusivePrefixes)
}

function canonical(
  tree: XmlTree,
  target: XmlElement | undefined,
  algorithm: string,
  prefixes: readonly string[],
): Buffer {
  const chunks: Buffer[] = []
  tree.canonicalize(
    {
      mode: algorithm.includes('exc-c14n') ? 'exclusive' : 'inclusive',
      comments: algorithm === '' || algorithm.endsWith('#WithComments'),
      inclusivePrefixes: prefixes,
      ...(target ? { target } : {}),
    },
    (chunk) => chunks.push(Buffer.from(chunk)),
  )
  return Buffer.concat(chunks)
}

function keyIn(element: XmlElement): KeyObject[] {
  const value = (name: string): Buffer => {
    const child = firstChild(element, name)
    return Buffer.from(child ? textOf(child) : '', 'base64')
  }
  try {
    switch (localName(element)) {
      case 'X509Certificate':
        return [new X509Certificate(Buffer.from(textOf(element), 'base64')).publicKey]
      case 'DEREncodedKeyValue':
        return [createPublicKey({ key: Buffer.from(textOf(element), 'base64'), format: 'der', type: 'spki' })]
      case 'RSAKeyValue':
        return [
          jwk({ kty: 'RSA', n: value('Modulus').toString('base64url'), e: value('Exponent').toString('base64url') }),
        ]
      case 'DSAKeyValue':
        return [dsaKey(value('P'), value('Q'), value('G'), value('Y'))]
      case 'ECKeyValue':
        return [pointKey(value('PublicKey').subarray(1))]
      case 'ECDSAKeyValue':
        return [rfc4050Key(element)]
      default:
        return []
    }
  } catch {
    return []
  }
}

function jwk(key: Record<string, string>): KeyObject {
  return createPublicKey({ key, format: 'jwk' })
}

function pointKey(point: Buffer): KeyObject {
  const half = point.length / 2
  const crv = { 32: 'P-256', 48: 'P-384', 66: 'P-521' }[half] as string
  return jwk({
    kty: 'EC',
    crv,
    x: point.subarray(0, half).toString('base64url'),
    y: point.subarray(half).toString('base64url'),
  })
}

/** RFC 4050 writes the point as decimal numbers in attributes. */
function rfc4050Key(element: XmlElement): KeyObject {
  const all = allElements(element.tree)
  const curve = all.find((each) => localName(each) === 'NamedCurve') as XmlElement
  const size = { '7': 32, '4': 48, '5': 66 }[
    (attribute(curve, 'URN') ?? attribute(curve, 'URI') ?? '').slice(-1)
  ] as number
  const number = (name: string): Buffer => {
    const node = all.find((each) => localName(each) === name) as XmlElement
    return Buffer.from(
      BigInt(attribute(node, 'Value') as string)
        .toString(16)
        .padStart(size * 2, '0'),
      'hex',
    )
  }
  return pointKey(Buffer.concat([number('X'), number('Y')]))
}

function dsaKey(p: Buffer, q: Buffer, g: Buffer, y: Buffer): KeyObject {
  const tlv = (tag: number, ...parts: Buffer[]): Buffer => {
    const body = Buffer.concat(parts)
    const size =
      body.length < 128
        ? [body.length]
        : body.length < 256
          ? [0x81, body.length]
          : [0x82, body.length >> 8, body.length & 255]
    return Buffer.concat([Buffer.from([tag, ...size]), body])
  }
  const integer = (bytes: Buffer): Buffer =>
    tlv(2, (bytes[0] as number) & 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes)
  const oid = Buffer.from('06072a8648ce380401', 'hex')
  const algorithm = tlv(0x30, oid, tlv(0x30, integer(p), integer(q), integer(g)))
  const key = tlv(0x30, algorithm, tlv(3, Buffer.alloc(1), integer(y)))
  return createPublicKey({ key, format: 'der', type: 'spki' })
}

function folderKeys(folder: string): KeyObject[] {
  return ['certs', 'keys', '.'].flatMap((name) => {
    const path = join(folder, name)
    if (!existsSync(path)) return []
    return readdirSync(path)
      .filter((file) => /\.(der|pem|crt)$/.test(file) && !/^(crl|enc-|.*-key\.der|.*orig)/.test(basename(file)))
      .flatMap((file) => {
        const bytes = readFileSync(join(path, file))
        try {
          return [new X509Certificate(bytes).publicKey]
        } catch {
          return publicKeyIn(bytes)
        }
      })
  })
}

/** Nothing for the key stores and encrypted keys that lie among the certificates. */
function publicKeyIn(bytes: Buffer): KeyObject[] {
  try {
    return [createPublicKey(bytes)]
  } catch {
    return publicKeyInDer(bytes)
  }
}

function publicKeyInDer(key: Buffer): KeyObject[] {
  try {
    return [createPublicKey({ key, format: 'der', type: 'spki' })]
  } catch {
    return []
  }
}
