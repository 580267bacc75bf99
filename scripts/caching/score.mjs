// Counts the results of the public suite: what passed of the tests that apply to a proxy.
//
//   node score.mjs SUITE RESULTS.json...           a table, one line for each file
//   node score.mjs SUITE --failed RESULTS.json     the tests that did not pass, with the reason
//
// A test passes when the suite says so and all the tests that it depends on passed too.

import { readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const [suite, ...rest] = process.argv.slice(2)
const load = path => import(pathToFileURL(resolve(suite, path)))
const suites = (await load('tests/index.mjs')).default
const { determineTestResult, resultTypes } = await load('test-engine/lib/results.mjs')

const kindOf = test => test.kind ?? 'required'
const tests = suites.flatMap(each => each.tests)
  .filter(test => !test.browser_only && ['required', 'optimal'].includes(kindOf(test)))
const total = kind => tests.filter(test => kindOf(test) === kind).length
const read = file => JSON.parse(readFileSync(file, 'utf8'))
const verdict = (test, results) => determineTestResult(suites, test.id, results)
const failed = results => tests.filter(test => verdict(test, results) !== resultTypes.pass)

function table (files) {
  console.log('cache'.padEnd(20), 'required'.padStart(12), 'optional'.padStart(12))
  for (const file of files) {
    const missed = failed(read(file))
    const count = kind => `${total(kind) - missed.filter(test => kindOf(test) === kind).length} / ${total(kind)}`
    console.log(basename(file, '.json').padEnd(20), count('required').padStart(12), count('optimal').padStart(12))
  }
}

function reason (test, results) {
  const result = results[test.id]
  const why = Array.isArray(result) ? result.join(': ') : String(result)
  if (verdict(test, results) !== resultTypes.dependency_fail) return why
  return `depends on ${test.depends_on.join(', ')}${result === true ? '' : `; ${why}`}`
}

if (rest[0] === '--failed') {
  const results = read(rest[1])
  for (const test of failed(results)) console.log(`${kindOf(test).padEnd(9)} ${test.id}: ${reason(test, results)}`)
} else {
  table(rest)
}
