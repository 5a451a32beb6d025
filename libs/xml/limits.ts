/** Bounds on one XML document. Whatever is over a bound is refused with its own code, never cut. */
export interface XmlLimits {
  /** Length of the document in bytes. */
  readonly maxBytes: number
  /** Nesting of elements; the root is level 1. */
  readonly maxDepth: number
  /** Elements, comments and processing instructions together. */
  readonly maxElements: number
  /** Attributes of one element. */
  readonly maxAttributes: number
  /** Namespace declarations in force at one place. Inclusive canonical form is quadratic in them. */
  readonly maxNamespaces: number
  /** Allows single texts over 10 MB. Only for a process whose memory is bounded from outside. */
  readonly hugeText: boolean
}

export const defaultXmlLimits: XmlLimits = {
  maxBytes: 4 * 1024 * 1024,
  maxDepth: 64,
  maxElements: 50_000,
  maxAttributes: 64,
  maxNamespaces: 64,
  hugeText: false,
}
