import type { ArgsDef, SubCommandsDef } from 'citty'
import { type CliCommand, command, withCommon } from './command'
import { resolve } from './resolve'
import { oneOf } from './values'

/** A command as a shell completes it. */
interface Node {
  /** The words that lead to it, each after a blank: ` channels create`. Empty for the program itself. */
  path: string
  name: string
  description: string
  options: { name: string; short: string | undefined; takesValue: boolean; description: string }[]
  children: Node[]
}

const SHELLS = { bash, zsh, fish }

export interface CompletionOptions {
  name: string
  /** All commands of the program; asked for late, since they hold this one. */
  commands: () => SubCommandsDef
  /** Options of every command that talks to the server. */
  common?: ArgsDef
}

export const completion = ({ name, commands, common }: CompletionOptions): CliCommand =>
  command({
    name: 'completion',
    description: 'Print what makes a shell complete commands and options',
    args: { shell: { type: 'positional', required: true, description: 'bash, zsh or fish' } },
    examples: [
      `nekode completion bash > ~/.local/share/bash-completion/completions/${name}`,
      `nekode completion zsh > "\${fpath[1]}/_${name}"`,
      `nekode completion fish > ~/.config/fish/completions/${name}.fish`,
    ],
    offline: true,
    run: async ({ args, out }) => {
      const shell = oneOf('SHELL', args.shell, ['bash', 'zsh', 'fish'])
      const root = await nodeOf({ subCommands: commands() }, '', '', common)
      const script = SHELLS[shell](root, name)
      out.show({ shell, script }, () => script.trimEnd())
    },
  })

async function nodeOf(made: CliCommand, path: string, name: string, common: ArgsDef | undefined): Promise<Node> {
  const def = await withCommon(made, common)
  const meta = await resolve(def.meta ?? {})
  const args: ArgsDef = await resolve(def.args ?? {})
  const subCommands = Object.entries(await resolve(def.subCommands ?? {}))
  const found = await Promise.all(subCommands.map(async ([child, sub]) => ({ child, sub: await resolve(sub) })))
  const shown: typeof found = []
  for (const one of found) if (!(await resolve(one.sub.meta ?? {})).hidden) shown.push(one)
  const children = await Promise.all(shown.map(({ child, sub }) => nodeOf(sub, `${path} ${child}`, child, common)))
  return {
    path,
    name,
    description: meta.description ?? '',
    options: [
      ...Object.entries(args).flatMap(([option, arg]) =>
        arg.type === 'positional'
          ? []
          : [
              {
                name: option,
                short: [('alias' in arg && arg.alias) || []].flat().find((alias) => alias.length === 1),
                takesValue: arg.type === 'string' || arg.type === 'enum',
                description: arg.description ?? '',
              },
            ],
      ),
      { name: 'help', short: 'h', takesValue: false, description: 'Show help' },
    ],
    children,
  }
}

const all = (node: Node): Node[] => [node, ...node.children.flatMap(all)]
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
/** The paths of all commands, as alternatives of a shell's `case`. */
const paths = (root: Node): string =>
  all(root)
    .filter((node) => node.path !== '')
    .map((node) => quote(node.path))
    .join('|')

/** A name that a shell's function may have. */
const functionName = (program: string): string => `_${program.replaceAll('-', '_')}`

function bash(root: Node, program: string): string {
  const words = (node: Node): string =>
    [...node.children.map((child) => child.name), ...node.options.map((option) => `--${option.name}`)].join(' ')
  return `${functionName(program)}() {
  local current=\${COMP_WORDS[COMP_CWORD]} at='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${paths(root)}) at+=" \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at" in
${all(root)
  .map((node) => `    ${quote(node.path)}) words=${quote(words(node))} ;;`)
  .join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F ${functionName(program)} ${program}
`
}

function zsh(root: Node, program: string): string {
  const own = functionName(program)
  const item = (name: string, description: string): string => quote(`${name}:${description.replaceAll(':', '\\:')}`)
  const items = (node: Node): string =>
    [
      ...node.children.map((child) => item(child.name, child.description)),
      ...node.options.map((option) => item(`--${option.name}`, option.description)),
    ].join(' ')
  return `#compdef ${program}
${own}() {
  local at='' word
  local -a items
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
      (${paths(root)}) at+=" $word" ;;
    esac
  done
  case "$at" in
${all(root)
  .map((node) => `    (${quote(node.path)}) items=(${items(node)}) ;;`)
  .join('\n')}
  esac
  _describe ${program} items || _files
}
if [[ "\${funcstack[1]}" == ${own} ]]; then ${own} "$@"; else compdef ${own} ${program}; fi
`
}

function fish(root: Node, program: string): string {
  const own = `_${functionName(program)}_at`
  // Between single quotes fish knows \\\\ and \\' only.
  const text = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const at = (node: Node): string => `-n ${text(`${own} ${text(node.path)}`)}`
  const lines: string[] = []
  for (const node of all(root)) {
    for (const child of node.children)
      lines.push(`complete -c ${program} -f ${at(node)} -a ${child.name} -d ${text(child.description)}`)
    for (const option of node.options) {
      const flags = `${option.short === undefined ? '' : ` -s ${option.short}`} -l ${option.name}${option.takesValue ? ' -r' : ''}`
      lines.push(`complete -c ${program} ${at(node)}${flags} -d ${text(option.description)}`)
    }
  }
  return `function ${own}
  set -l at ''
  for word in (commandline -opc)[2..-1]
    switch "$at $word"
      case ${all(root)
        .filter((node) => node.path !== '')
        .map((node) => text(node.path))
        .join(' ')}
        set at "$at $word"
    end
  end
  test "$at" = "$argv[1]"
end
${lines.join('\n')}
`
}
