const BLOCK = /<(think|thinking|thought|reasoning|analysis)>([\s\S]*?)<\/\1>/gi
/** Some templates put the opening tag into the prompt, so that a reply only has the closing one. */
const UNOPENED = /^([\s\S]*?)<\/(?:think|thinking|thought|reasoning|analysis)>/i
/** Cut off while it still thought. */
const UNCLOSED = /<(?:think|thinking|thought|reasoning|analysis)>([\s\S]*)$/i

/** What a reply says, without what the model thought before it, which it may have said in tags. */
export function splitThought(text: string): { said: string; thought: string | undefined } {
  const thoughts: string[] = []
  const keep = (thought: string): string => {
    thoughts.push(thought.trim())
    return ''
  }
  const said = text
    .replace(BLOCK, (_whole, _tag, thought: string) => keep(thought))
    .replace(UNOPENED, (_whole, thought: string) => keep(thought))
    .replace(UNCLOSED, (_whole, thought: string) => keep(thought))
    .trim()
  const thought = thoughts.filter((part) => part !== '').join('\n')
  return { said, thought: thought === '' ? undefined : thought }
}

/** The text inside a code fence, if all that counts is in one; otherwise the text. */
export function unfenced(text: string): string {
  const blocks = [...text.matchAll(/```[\w-]*[ \t]*\n?([\s\S]*?)```/g)].map(([, inside = '']) => inside.trim())
  return blocks.length > 0 ? blocks.join('\n') : text.replace(/```[\w-]*/g, '').trim()
}
