import { readResults } from './kill-tally.ts'

// `make crash-tally`: the sum of every run that was kept.
const results = readResults()
const sum = (of: 'kills' | 'documents' | 'consignments' | 'lost' | 'doubled' | 'stuck' | 'repeats'): number =>
  results.reduce((total, result) => total + result[of], 0)

for (const { seed, commit, kills, documents, seconds, lost, doubled, stuck } of results) {
  process.stdout.write(
    `${commit} seed ${seed}: ${kills} kills, ${documents} documents in ${seconds} s, lost ${lost} doubled ${doubled} stuck ${stuck}\n`,
  )
}
process.stdout.write(
  `${results.length} runs: ${sum('kills')} kills, ${sum('documents')} documents, ${sum('consignments')} consignments, ` +
    `${sum('repeats')} repeats, lost ${sum('lost')} doubled ${sum('doubled')} stuck ${sum('stuck')}\n`,
)
