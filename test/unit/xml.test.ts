import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { isBusError } from '../../libs/errors/index.ts'
import {
  allElements,
  attribute,
  attributes,
  type CanonicalOptions,
  childElements,
  childrenNamed,
  elementsById,
  elementsInNamespace,
  firstChild,
  holdsOnlyElements,
  loadXmlSchema,
  localName,
  namespaceUri,
  onlyTextOf,
  parentOf,
  parseXml,
  prefixOf,
  textOf,
  textRuns,
  XML_NAMESPACE,
  type XmlElement,
  type XmlTree,
} from '../../libs/xml/index.ts'

const bytes = (text: string): Buffer => Buffer.from(text)
const text = (tree: XmlTree, options: CanonicalOptions): string => {
  const chunks: Buffer[] = []
  tree.canonicalize(options, (chunk) => chunks.push(Buffer.from(chunk)))
  return Buffer.concat(chunks).toString()
}

t.test('refused documents', async (t) => {
  const refuse = (document: string | Buffer, code: string, name: string, params: object = {}, limits = {}): void => {
    t.throws(() => parseXml(Buffer.from(document), limits), { code, params }, name)
  }
  refuse('', 'LT_ENV_MALFORMED', 'empty')
  refuse('<a>\n<b></a>', 'LT_ENV_MALFORMED', 'tags that do not match', { line: 2 })
  refuse('<a x:b="1"/>', 'LT_ENV_MALFORMED', 'an undeclared prefix')
  refuse('<a b="1" b="2"/>', 'LT_ENV_MALFORMED', 'an attribute twice')
  refuse('<a xmlns:x="u" xmlns:y="u" x:b="1" y:b="2"/>', 'LT_ENV_MALFORMED', 'an attribute twice by namespace')
  refuse('<a>&nothing;</a>', 'LT_ENV_MALFORMED', 'an entity nobody defined')
  refuse('1212<a/>', 'LT_ENV_MALFORMED', 'bytes in front')
  refuse('<a/><b/>', 'LT_ENV_MALFORMED', 'two roots')
  refuse('<?xml version="1.1"?><a/>', 'LT_ENV_MALFORMED', 'XML 1.1', { detail: 'XML version 1.1' })
  refuse('<a>\u0000</a>', 'LT_ENV_MALFORMED', 'a NUL')
  refuse('<!DOCTYPE a><a/>', 'LT_ENV_DTD', 'a DOCTYPE')
  refuse(
    '\ufeff<?xml version="1.0"?>\n<!-- c --><?p i?>\n<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
    'LT_ENV_DTD',
    'a DOCTYPE behind other things',
  )
  refuse('<?xml version="1.0" encoding="windows-1258"?><a/>', 'LT_ENV_ENCODING', 'another encoding', {
    encoding: 'windows-1258',
  })
  refuse(Buffer.from('<a/>', 'utf16le'), 'LT_ENV_ENCODING', 'UTF-16 without a mark')
  refuse(Buffer.from('\ufeff<a/>', 'utf16le'), 'LT_ENV_ENCODING', 'UTF-16 with one')
  refuse(Buffer.from('<a>\xe9</a>', 'latin1'), 'LT_ENV_ENCODING', 'bytes that are not UTF-8')
  refuse(Buffer.from('<a>\xed\xa0\x80</a>', 'latin1'), 'LT_ENV_ENCODING', 'a surrogate in UTF-8')
  const declarations: [string, string][] = [
    ['<?xml version="1.0" encoding  =  "UTF-7"?>', 'LT_ENV_ENCODING'],
    ['<?xml version="1.0"\n\tencoding\r\n=\t\'UTF-7\'?>', 'LT_ENV_ENCODING'],
    [`<?xml version="1.0"${' '.repeat(300)}encoding="UTF-7"?>`, 'LT_ENV_MALFORMED'],
    ['<?xml version  =  "1.1"?>', 'LT_ENV_MALFORMED'],
    ['<?xml encoding="UTF-8" version="1.0"?>', 'LT_ENV_MALFORMED'],
    ['<?xml version="1.0" encoding="UTF-8" encoding="UTF-7"?>', 'LT_ENV_MALFORMED'],
    ['<?xml version="1.0" x="" encoding="UTF-7"?>', 'LT_ENV_MALFORMED'],
    ['<?xml version="1.0"encoding="UTF-7"?>', 'LT_ENV_MALFORMED'],
    ['<?xml version="1.0" encoding="UTF-8" standalone="maybe"?>', 'LT_ENV_MALFORMED'],
    ['<?xml\u000bversion="1.0"?>', 'LT_ENV_MALFORMED'],
    ['<?xml version="1.0', 'LT_ENV_MALFORMED'],
  ]
  for (const [declaration, code] of declarations) refuse(`${declaration}<a/>`, code, declaration.replace(/ +/g, ' '))
  refuse('<!--->x--><!DOCTYPE a><a/>', 'LT_ENV_DTD', 'a comment that begins with ->')
  refuse('<!-->x--><!DOCTYPE a><a/>', 'LT_ENV_DTD', 'a comment that begins with >')
  for (const name of ['encoding', 'too-long', 'XML_PARSE_HUGE', 'Excessive-depth']) {
    refuse(`<${name}></b>`, 'LT_ENV_MALFORMED', `the element ${name} is not what the engine says`)
    refuse(`<${name}:b/>`, 'LT_ENV_MALFORMED', `nor is the prefix ${name}`)
  }
  refuse('<a/>   ', 'LT_ENV_TOO_LARGE', 'over the length', { limit: 6 }, { maxBytes: 6 })
  refuse(
    `<a>${'x'.repeat(10_000_100)}</a>`,
    'LT_ENV_TOO_LARGE',
    'a huge text',
    { construct: 'text' },
    { maxBytes: 20_000_000 },
  )
  refuse('<a>'.repeat(65) + '</a>'.repeat(65), 'LT_ENV_TOO_DEEP', 'too deep', { limit: 64 })
  refuse('<a>'.repeat(400) + '</a>'.repeat(400), 'LT_ENV_TOO_DEEP', 'too deep for the engine', { limit: 64 })
  refuse(`<a>${'<b/>'.repeat(50_000)}</a>`, 'LT_ENV_TOO_MANY_NODES', 'too many elements', { what: 'elements' })
  refuse(
    `<a>${'<!---->'.repeat(50)}</a>`,
    'LT_ENV_TOO_MANY_NODES',
    'too many comments',
    { limit: 20 },
    { maxElements: 20 },
  )
  refuse('<a><b/><b/><b/></a>', 'LT_ENV_TOO_MANY_NODES', 'one element too many', { limit: 3 }, { maxElements: 3 })
  const many = Array.from({ length: 65 }, (_, i) => `a${i}="1"`).join(' ')
  refuse(`<a ${many}/>`, 'LT_ENV_TOO_MANY_NODES', 'too many attributes', { what: 'attributes' })
  const declared = Array.from({ length: 33 }, (_, i) => `xmlns:p${i}="urn:${i}"`).join(' ')
  refuse(`<a ${declared}><b ${declared.replaceAll('p', 'q')}/></a>`, 'LT_ENV_TOO_MANY_NODES', 'too many namespaces', {
    what: 'namespaces',
  })
})

t.test('what only looks dangerous', async (t) => {
  const accept = (document: string | Buffer, name: string, limits = {}): void => {
    t.doesNotThrow(() => parseXml(Buffer.from(document), limits).dispose(), name)
  }
  accept(
    '\ufeff<?xml version="1.0" encoding="utf-8" standalone="yes"?>\r\n<!-- <!DOCTYPE a> --><a/>\n<!-- c -->',
    'BOM, CRLF, comments',
  )
  accept(`<?xml version='1.0'\tencoding =\n'UTF8'  ?><a/>`, 'a declaration with blanks where they may be')
  accept('<!--->x--><a/>', 'a comment that begins with ->')
  accept('<a><![CDATA[<!DOCTYPE a>]]></a>', 'a DOCTYPE as text')
  accept('<a><b/><b/></a>', 'exactly as many as allowed', { maxElements: 3 })
  accept('<a>'.repeat(64) + '</a>'.repeat(64), 'exactly as deep as allowed')
  accept(`<a>${'x'.repeat(10_000_100)}</a>`, 'a huge text when asked for', { maxBytes: 20_000_000, hugeText: true })
  accept(`<a>${'\n'.repeat(70_000)}<b/></a>`, 'more lines than a line number holds')
  accept('<a Id="1"><b Id="1" xml:id="not a name"/></a>', 'ids are not the parser’s business')
})

t.test('reading', async (t) => {
  using tree = parseXml(
    bytes(
      '<r xmlns="urn:d" xmlns:p="urn:p" n="1" p:n="2" xml:id="i"> <p:a>x<!--c-->y<![CDATA[z]]></p:a><b/><p:b>  <c>t</c> </p:b></r>',
    ),
  )
  const { root } = tree
  const [a, b, pb] = childElements(root) as [XmlElement, XmlElement, XmlElement]
  t.same(allElements(tree).map(localName), ['r', 'a', 'b', 'b', 'c'])
  t.same([localName(a), namespaceUri(a), prefixOf(a)], ['a', 'urn:p', 'p'])
  t.same([namespaceUri(b), prefixOf(b)], ['urn:d', ''])
  t.equal(firstChild(root, 'b'), b, 'any namespace, and the same object every time')
  t.equal(firstChild(root, 'b', 'urn:p'), pb)
  t.equal(firstChild(root, 'x'), undefined)
  t.same(childrenNamed(root, 'b'), [b, pb])
  t.same(childrenNamed(root, 'b', 'urn:d'), [b])
  t.equal(parentOf(a), root)
  t.equal(parentOf(root), undefined)
  t.equal(textOf(a), 'xyz')
  t.same(textRuns(a), ['x', 'y', 'z'], 'a comment parts a text')
  t.equal(onlyTextOf(a), undefined)
  t.equal(onlyTextOf(childElements(pb)[0] as XmlElement), 't')
  t.equal(onlyTextOf(b), undefined)
  t.same([holdsOnlyElements(pb), holdsOnlyElements(a), holdsOnlyElements(root)], [true, false, true])
  t.same([attribute(root, 'n'), attribute(root, 'n', 'urn:p'), attribute(root, 'm')], ['1', '2', undefined])
  t.equal(attribute(root, 'id', XML_NAMESPACE), 'i')
  t.same(attributes(root)[1], { name: 'n', namespace: 'urn:p', value: '2' })
  t.same(elementsInNamespace(tree, 'urn:p'), [a, pb])
  t.same(elementsInNamespace(tree, 'urn:none'), [])
  t.same([...elementsById(tree)], [['i', [root]]])
  t.equal(a.line, 1)
})

t.test('ids are counted to two', async (t) => {
  using tree = parseXml(bytes('<r Id="a"><x id="a"/><y xml:id="a" ID="b"/></r>'))
  t.same(
    [...elementsById(tree)].map(([id, found]) => [id, found.length]),
    [
      ['a', 2],
      ['b', 1],
    ],
  )
})

t.test('the same namespace declared again and again', async (t) => {
  using tree = parseXml(bytes('<r><x xmlns="urn:a"/><y xmlns="urn:a"><z/></y></r>'))
  t.same(elementsInNamespace(tree, 'urn:a').map(localName), ['x', 'y', 'z'])
})

t.test('canonical forms', async (t) => {
  using tree = parseXml(
    bytes(
      '<?xml version="1.0"?><!--o--><r xmlns="urn:d" xmlns:p="urn:p" xml:lang="vi"><p:a  b = "2" a=\'1\'>x&amp;<!--c--><![CDATA[<]]></p:a><n xmlns=""/>\r\n</r>',
    ),
  )
  const [a, n] = childElements(tree.root) as [XmlElement, XmlElement]
  const whole = '<r xmlns="urn:d" xmlns:p="urn:p" xml:lang="vi"><p:a a="1" b="2">x&amp;&lt;</p:a><n xmlns=""></n>\n</r>'
  t.equal(text(tree, { mode: 'inclusive' }), whole)
  t.equal(text(tree, { mode: 'inclusive11' }), whole)
  t.equal(text(tree, { mode: 'inclusive', comments: true }), `<!--o-->\n${whole.replace('x&amp;', 'x&amp;<!--c-->')}`)
  t.equal(
    text(tree, { mode: 'exclusive' }),
    whole.replace(' xmlns:p="urn:p"', '').replace('<p:a', '<p:a xmlns:p="urn:p"'),
  )
  t.equal(text(tree, { mode: 'exclusive', target: a }), '<p:a xmlns:p="urn:p" a="1" b="2">x&amp;&lt;</p:a>')
  t.equal(
    text(tree, { mode: 'exclusive', target: a, inclusivePrefixes: [''] }),
    '<p:a xmlns="urn:d" xmlns:p="urn:p" a="1" b="2">x&amp;&lt;</p:a>',
  )
  t.equal(
    text(tree, { mode: 'inclusive', target: a }),
    '<p:a xmlns="urn:d" xmlns:p="urn:p" a="1" b="2" xml:lang="vi">x&amp;&lt;</p:a>',
  )
  const without = whole.replace(/<p:a.*<\/p:a>/, '')
  t.equal(text(tree, { mode: 'inclusive', without: a }), without, 'one element left out')
  t.equal(text(tree, { mode: 'inclusive', without: n }), whole.replace('<n xmlns=""></n>', ''))
  t.equal(text(tree, { mode: 'inclusive' }), whole, 'and put back')
  t.throws(
    () =>
      tree.canonicalize({ mode: 'inclusive', without: a }, () => {
        throw new Error('full')
      }),
    /full/,
    'a sink that fails',
  )
  t.equal(text(tree, { mode: 'inclusive' }), whole, 'leaves the tree whole')
})

t.test('a last child left out returns to its place', async (t) => {
  using tree = parseXml(bytes('<r><a/><b/></r>'))
  text(tree, { mode: 'exclusive', without: childElements(tree.root)[1] as XmlElement })
  t.equal(text(tree, { mode: 'exclusive' }), '<r><a></a><b></b></r>')
})

t.test('relative namespace names have no canonical form', async (t) => {
  using tree = parseXml(bytes('<r xmlns:x="rel"/>'))
  t.throws(() => text(tree, { mode: 'exclusive' }), { code: 'LT_SIG_NAMESPACE_RELATIVE', params: { namespace: 'rel' } })
})

t.test('a disposed tree', async (t) => {
  const tree = parseXml(bytes('<r/>'))
  const { root } = tree
  tree.dispose()
  tree.dispose()
  t.equal(tree.disposed, true)
  t.throws(() => localName(root), /disposed/)
  t.throws(() => tree.root, /disposed/)
})

t.test('schemas', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-xsd-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const xsd = (name: string, content: string): string => {
    const path = join(folder, name)
    writeFileSync(path, `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">${content}</xs:schema>`)
    return path
  }
  xsd(
    'types.xsd',
    '<xs:simpleType name="Code"><xs:restriction base="xs:string"><xs:pattern value="H[0-9]+"/></xs:restriction></xs:simpleType>',
  )
  const main = xsd(
    'main.xsd',
    '<xs:include schemaLocation="types.xsd"/><xs:element name="r"><xs:complexType><xs:sequence><xs:element name="c" type="Code" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>',
  )
  using schema = loadXmlSchema(main)
  const problems = (document: string) => {
    using tree = parseXml(bytes(document))
    return tree.validate(schema)
  }
  t.same(problems('<r><c>H26</c></r>'), [])
  t.match(problems('<r>\n<c>X</c></r>'), [{ line: 2, message: /pattern/, element: 'c' }])
  t.notMatch(problems('<r><c>mật</c></r>')[0]?.message, /mật/, 'content does not leak into problems')
  t.match(problems('<other/>'), [{ message: /No matching global declaration/ }])
  t.equal(problems(`<r>${'<c>X</c>'.repeat(200)}</r>`).length, 50, 'hostile documents are not listed in full')
  t.throws(() => loadXmlSchema(join(folder, 'none.xsd')), { code: 'LT_SCHEMA_UNREADABLE' })
  t.throws(() => loadXmlSchema(xsd('bad.xsd', '<xs:element name="r" type="Missing"/>')), {
    code: 'LT_SCHEMA_UNREADABLE',
  })
  mkdirSync(join(folder, 'inner'))
  const inner = join(folder, 'inner', 'inner.xsd')
  writeFileSync(
    inner,
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:include schemaLocation="../types.xsd"/><xs:element name="r" type="Code"/></xs:schema>',
  )
  t.throws(() => loadXmlSchema(inner), { code: 'LT_SCHEMA_UNREADABLE' }, 'nothing outside the folder is read')
})

t.test('memory is returned', async (t) => {
  const document = bytes(`<r>${'<a b="c">text</a>'.repeat(2000)}</r>`)
  const round = (): void => {
    for (let i = 0; i < 200; i += 1) parseXml(document).dispose()
    for (let i = 0; i < 200; i += 1) {
      try {
        parseXml(document.subarray(0, -3))
        t.fail('a cut document is accepted')
      } catch (error) {
        if (!isBusError(error, 'LT_ENV_MALFORMED')) throw error
      }
    }
  }
  round()
  const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external
  round()
  const grown = process.memoryUsage().arrayBuffers + process.memoryUsage().external - before
  t.ok(grown < 4_000_000, `${grown} bytes more`)
})
