import { TextInput } from '@mantine/core'
import { useRef, useState } from 'react'
import { Button } from './Button.tsx'
import classes from './CopyField.module.css'

type Words = { copy: string; copied: string; byHand: string }

/** A text that is made to be taken elsewhere: a link, a secret. */
export function CopyField({ label, value, words }: { label: string; value: string; words: Words }) {
  const field = useRef<HTMLInputElement>(null)
  const [said, setSaid] = useState('')
  const copy = async () => {
    field.current?.select()
    try {
      await navigator.clipboard.writeText(value)
      setSaid(words.copied)
    } catch {
      // No clipboard: the page has no secure origin, or the person said no. The text is selected.
      setSaid(words.byHand)
    }
  }
  return (
    <div className={classes.field}>
      <TextInput
        ref={field}
        label={label}
        value={value}
        readOnly
        dir="ltr"
        onFocus={(event) => event.currentTarget.select()}
      />
      <Button icon="copy" onClick={copy}>
        {words.copy}
      </Button>
      <span role="status" className={classes.said}>
        {said}
      </span>
    </div>
  )
}
