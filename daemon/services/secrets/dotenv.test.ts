import { expect, test } from 'bun:test'
import { parseDotenv } from './dotenv'

const values = (text: string) =>
  Object.fromEntries(parseDotenv(text).assignments.map(({ name, value }) => [name, value]))
const unread = (text: string) => parseDotenv(text).unread

test.each<[string, string, Record<string, string>]>([
  ['a plain value', 'A=1', { A: '1' }],
  ['an empty one', 'A=\nB=', { A: '', B: '' }],
  ['blanks around it', '  A =  1 2  \n', { A: '1 2' }],
  ['export', 'export A=1\nexport\tB=2', { A: '1', B: '2' }],
  ['a name that begins with export', 'exported=1', { exported: '1' }],
  ['comments and empty lines', '# A=0\n\n   # more\nA=1 # one\nB=2#not\nC=# all', { A: '1', B: '2#not', C: '' }],
  [
    'single quotes, in which nothing has a meaning',
    String.raw`A='a\n$HOME "x" # y'`,
    { A: String.raw`a\n$HOME "x" # y` },
  ],
  ['double quotes with escapes', String.raw`A="a\nb\t\"c\" \\ \$5 \q"`, { A: 'a\nb\t"c" \\ $5 \\q' }],
  ['backticks', 'A=`it\'s "so"`', { A: 'it\'s "so"' }],
  ['a comment behind quotes', `A="x # y" # z\nB='1'#2`, { A: 'x # y', B: '1' }],
  ['nothing that is expanded', 'A=$HOME-${B}$(ls)', { A: '$HOME-${B}$(ls)' }],
  ['an equals sign in the value', 'A=b=c==\nURL=postgres://u:p@h/d?x=1', { A: 'b=c==', URL: 'postgres://u:p@h/d?x=1' }],
  ['several lines', 'A="-----BEGIN\nline 2\n-----END"\nB=1', { A: '-----BEGIN\nline 2\n-----END', B: '1' }],
  ['lines that end as on Windows', 'A=1\r\nB="x\r\ny"\r\n', { A: '1', B: 'x\ny' }],
  ['a byte order mark', '\uFEFFA=1', { A: '1' }],
  ['the last of two', 'A=1\nA=2', { A: '2' }],
  ['names with dots and dashes', 'a.b-c=1', { 'a.b-c': '1' }],
  ['letters of every language', 'A=früh 你好', { A: 'früh 你好' }],
  ['quotes in the middle of a value', `A=it's "fine"`, { A: `it's "fine"` }],
  ['nothing at all', '', {}],
])('an .env file is read: %s', (_, text, expected) => {
  expect(values(text)).toEqual(expected)
  expect(unread(text)).toEqual([])
})

test.each<[string, string, number, string, Record<string, string>]>([
  ['a line without a sign', 'A=1\njust words\nB=2', 2, 'there is no “=” behind the name', { A: '1', B: '2' }],
  ['a name that is none', '1A=1\nB=2', 1, 'it does not begin with a name', { B: '2' }],
  ['quotes that are not closed', 'A="x\nB=2\nC=3', 1, 'its quotes are not closed', { B: '2', C: '3' }],
  ['something behind the quotes', `A="x"y\nB=2`, 1, 'there is something behind the closing quote', { B: '2' }],
  ['a name without a value', 'A\nB=2', 1, 'there is no “=” behind the name', { B: '2' }],
])('%s is passed over, and told with its line but not with what it holds', (_, text, line, why, rest) => {
  expect(unread(text)).toEqual([{ line, why }])
  expect(values(text)).toEqual(rest)
})

test('lines are counted over values of several lines', () => {
  expect(unread('A="1\n2\n3"\nB=1\noops\n')).toEqual([{ line: 5, why: 'there is no “=” behind the name' }])
})

test('a large file is read in one go', () => {
  const text = Array.from({ length: 20_000 }, (_, i) => `NAME_${i}="value ${i}"`).join('\n')
  expect(parseDotenv(text).assignments).toHaveLength(20_000)
})
