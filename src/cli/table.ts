const GAP = '  '

/** Rows with aligned columns; the last one is as wide as it is. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  }
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n')
}

/** A title, and below it indented pairs of a label and a value. */
export function card(title: string, fields: readonly (readonly [string, string])[]): string {
  return `${title}\n${indent(columns(fields))}`
}

export function indent(text: string, by = GAP): string {
  return text.replaceAll(/^(?=.)/gm, by)
}

const WIDTH = 100

/** Breaks a text at spaces into lines of at most `width` characters. */
export function wrap(text: string, width = WIDTH): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].join('\n')
}
