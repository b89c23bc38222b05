import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { NekodeError } from '@shared/errors'

/** Asks on the terminal; `hidden` shows nothing of what is typed. @throws NekodeError invalid `interrupted` */
export function ask(question: string, hidden: boolean): Promise<string> {
  // The prompt goes to standard error, so that standard output holds nothing but the command's result.
  const mute = new Writable({ write: (_chunk, _encoding, done) => done() })
  const prompt = createInterface({ input: process.stdin, output: hidden ? mute : process.stderr, terminal: true })
  return new Promise((resolve, reject) => {
    let answer: string | undefined
    prompt.on('SIGINT', () => prompt.close())
    prompt.on('close', () => {
      if (hidden) process.stderr.write('\n')
      if (answer !== undefined) resolve(answer)
      else reject(new NekodeError('invalid', 'Nothing was entered.', { code: 'interrupted' }))
    })
    if (hidden) process.stderr.write(question)
    prompt.question(hidden ? '' : question, (text) => {
      answer = text
      prompt.close()
    })
  })
}
