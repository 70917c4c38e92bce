import { type MouseEvent, type ReactNode, useEffect, useId, useRef } from 'react'
import { IconButton } from './IconButton.tsx'
import classes from './Sheet.module.css'

type Props = {
  open: boolean
  onClose: () => void
  title: string
  closeLabel: string
  /** From the side (details), from the start (navigation) or in the middle (a choice). On a phone the first fills the screen. */
  from?: 'side' | 'start' | 'middle'
  children: ReactNode
}

/** Something over the page. The browser's own modal dialog: it holds the focus, closes on Escape and hides the rest. */
export function Sheet({ open, onClose, title, closeLabel, from = 'side', children }: Props) {
  const ref = useRef<HTMLDialogElement>(null)
  const titleId = useId()

  useEffect(() => {
    const dialog = ref.current
    if (!dialog) return
    if (open && !dialog.open) dialog.showModal()
    if (!open && dialog.open) dialog.close()
  }, [open])

  // The backdrop belongs to the dialog's element; what is inside has a box of its own.
  const closeOnBackdrop = (event: MouseEvent) => {
    if (event.target === ref.current) onClose()
  }

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the keyboard's way, and the dialog has it
    <dialog
      ref={ref}
      className={classes.sheet}
      data-from={from}
      aria-labelledby={titleId}
      onClose={onClose}
      onClick={closeOnBackdrop}
    >
      {open && (
        <div className={classes.box}>
          <header className={classes.head}>
            <h2 id={titleId} className={classes.title}>
              {title}
            </h2>
            <IconButton icon="close" label={closeLabel} onClick={onClose} />
          </header>
          <div className={classes.body}>{children}</div>
        </div>
      )}
    </dialog>
  )
}
