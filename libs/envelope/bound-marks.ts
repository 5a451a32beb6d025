/** Marks in a row that stay; no script has more on one letter (the stream-safe text of UAX #15 keeps 30 too). */
const LONGEST_RUN = 30
/** Combining marks, and the two halfwidth letters that turn into marks when a text is taken apart. */
const RUN = new RegExp(`([\\p{M}\\uff9e\\uff9f]{${LONGEST_RUN}})[\\p{M}\\uff9e\\uff9f]+`, 'gu')

/** Cuts long rows of combining marks short: the engine sorts each row in quadratic time when it normalizes a text. */
export function boundMarks(text: string): string {
  return text.replace(RUN, '$1')
}
