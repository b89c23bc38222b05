import { basename, join } from 'node:path'
import { existsSync, statSync } from 'node:fs'
import { command } from './command'
import { usage } from './exit'
import { findTarget } from './names'
import { sizeText } from './text'
import { downloadFile, uploadFile } from './transfer'

export const upload = command({
  name: 'upload',
  description: 'Upload a file for a message; what no message takes is removed after a day',
  args: {
    file: { type: 'positional', required: true, description: 'The file' },
    target: {
      type: 'string',
      required: true,
      description: 'Channel (general), person or agent (@name), or dm:… that the message goes to',
    },
    name: { type: 'string', description: 'What it is called there. Default: as here' },
  },
  examples: [
    'nekode upload report.pdf --target general',
    'nekode send general "the figures" --attachment "$(nekode upload figures.csv --target general)"',
  ],
  notes: [
    'Prints the id of the file. A connection that breaks is gone on with where it broke. JSON: the file as the API has it.',
  ],
  run: async ({ args, out, host, connect }) => {
    const connection = await connect()
    const target = await findTarget(connection, args.target)
    const shown = host.tty.err
    const file = await uploadFile(connection, args.file, target, {
      ...(args.name === undefined ? {} : { name: args.name }),
      progress: (done, total) => {
        if (shown && done < total) out.note(`${sizeText(done)} of ${sizeText(total)}`)
      },
    })
    out.show(file, () => file.id)
  },
})

export const download = command({
  name: 'download',
  description: 'Download a file that a message carries',
  args: {
    id: { type: 'positional', required: true, description: 'Id of the file, att_…, as “nekode messages” shows it' },
    output: { type: 'string', alias: 'o', valueHint: 'PATH', description: 'File or folder. Default: its name, here' },
    force: { type: 'boolean', description: 'Overwrite a file that is there' },
  },
  examples: ['nekode download att_0198c2f4a1b27c3e9d5f60718293a4b5', 'nekode download att_0198c2… -o /tmp'],
  notes: ['Prints the path. The file is checked when it has arrived. JSON: {"path", "file"}.'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const { file, path } = await downloadFile(connection, args.id, ({ filename }) => {
      const wanted = args.output ?? '.'
      // A name from elsewhere is a name and no path.
      const place = existsSync(wanted) && statSync(wanted).isDirectory() ? join(wanted, basename(filename)) : wanted
      if (existsSync(place) && !args.force)
        throw usage(`${place} is there already.`, 'Name another one with --output, or use --force.')
      return place
    })
    out.show({ path, file }, () => path)
  },
})
