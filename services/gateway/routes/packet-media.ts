import type { ContentDescription } from '../../../libs/http/index.ts'
import { Type } from '../../../libs/schema/index.ts'

const EDXML = 'application/edxml+xml'
const binary = (contentMediaType: string, description: string): object => ({
  type: 'string',
  contentMediaType,
  description,
})

/** A packet of edXML in an answer. */
export const packetMedia: ContentDescription = { [EDXML]: { schema: binary(EDXML, 'edXML, UTF-8') } }

const files = Type.Array(Type.Unsafe<string>(binary('application/octet-stream', 'with Content-ID and filename')), {
  description: 'files in the order of the envelope, each a part of its own',
})

/** `multipart/form-data` with the part `envelope` first and files after it. */
export function partsMedia(envelope: object, contentType: string): ContentDescription[string] {
  return {
    schema: {
      type: 'object',
      properties: { envelope, attachment: files },
      required: ['envelope'],
    },
    encoding: { envelope: { contentType } },
  }
}

/** What a document is submitted as: one packet with everything inside, or an envelope and its detached attachments. */
export const submissionMedia: ContentDescription = {
  ...packetMedia,
  'application/xml': { schema: binary('application/xml', 'edXML, UTF-8') },
  'multipart/form-data': partsMedia(binary(EDXML, 'the signed envelope'), EDXML),
}
