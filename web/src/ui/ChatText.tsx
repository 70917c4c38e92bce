import { pieces } from '../lib/markup.ts'
import classes from './ChatText.module.css'

const tags = { plain: 'span', bold: 'strong', italic: 'em', struck: 's', code: 'code' } as const

/** A message as a phone shows it: in its own direction, with WhatsApp's marks, and nothing else of it is interpreted. */
export function ChatText({ text }: { text: string }) {
  return (
    <p className={classes.text} dir="auto">
      {pieces(text).map((piece, index) => {
        const Tag = tags[piece.kind]
        // biome-ignore lint/suspicious/noArrayIndexKey: a text never changes its pieces' order
        return <Tag key={index}>{piece.text}</Tag>
      })}
    </p>
  )
}
