import type { ArgsDef, CommandDef, SubCommandsDef } from 'citty'
import { type CliCommand, command } from './command'
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

/** @param commands all commands of the program; asked for late, since they hold this one */
export const completion = (commands: () => SubCommandsDef): CliCommand =>
  command({
    name: 'completion',
    description: 'Print what makes a shell complete commands and options',
    args: { shell: { type: 'positional', required: true, description: 'bash, zsh or fish' } },
    examples: [
      'nekode completion bash > ~/.local/share/bash-completion/completions/nekode',
      'nekode completion zsh > "${fpath[1]}/_nekode"',
      'nekode completion fish > ~/.config/fish/completions/nekode.fish',
    ],
    run: async ({ args, out }) => {
      const shell = oneOf('SHELL', args.shell, ['bash', 'zsh', 'fish'])
      const root = await nodeOf({ meta: { description: '' }, subCommands: commands() }, '', '')
      const script = SHELLS[shell](root)
      out.show({ shell, script }, () => script.trimEnd())
    },
  })

async function nodeOf(def: CommandDef, path: string, name: string): Promise<Node> {
  const meta = await resolve(def.meta ?? {})
  const args: ArgsDef = await resolve(def.args ?? {})
  const subCommands = await resolve(def.subCommands ?? {})
  const children = await Promise.all(
    Object.entries(subCommands).map(async ([child, made]) => nodeOf(await resolve(made), `${path} ${child}`, child)),
  )
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

function bash(root: Node): string {
  const words = (node: Node): string =>
    [...node.children.map((child) => child.name), ...node.options.map((option) => `--${option.name}`)].join(' ')
  return `_nekode() {
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
complete -o default -F _nekode nekode
`
}

function zsh(root: Node): string {
  const item = (name: string, description: string): string => quote(`${name}:${description.replaceAll(':', '\\:')}`)
  const items = (node: Node): string =>
    [
      ...node.children.map((child) => item(child.name, child.description)),
      ...node.options.map((option) => item(`--${option.name}`, option.description)),
    ].join(' ')
  return `#compdef nekode
_nekode() {
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
  _describe nekode items || _files
}
if [[ "\${funcstack[1]}" == _nekode ]]; then _nekode "$@"; else compdef _nekode nekode; fi
`
}

function fish(root: Node): string {
  // Between single quotes fish knows \\\\ and \\' only.
  const text = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const at = (node: Node): string => `-n ${text(`__nekode_at ${text(node.path)}`)}`
  const lines: string[] = []
  for (const node of all(root)) {
    for (const child of node.children)
      lines.push(`complete -c nekode -f ${at(node)} -a ${child.name} -d ${text(child.description)}`)
    for (const option of node.options) {
      const flags = `${option.short === undefined ? '' : ` -s ${option.short}`} -l ${option.name}${option.takesValue ? ' -r' : ''}`
      lines.push(`complete -c nekode ${at(node)}${flags} -d ${text(option.description)}`)
    }
  }
  return `function __nekode_at
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
