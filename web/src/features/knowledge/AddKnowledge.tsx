import { useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Icon, type IconName } from '../../ui/Icon.tsx'
import { Sheet } from '../../ui/Sheet.tsx'
import classes from './AddKnowledge.module.css'
import { AddPage } from './AddPage.tsx'
import { AddText } from './AddText.tsx'
import { CardForm } from './CardForm.tsx'
import { FileDrop } from './FileDrop.tsx'

type Way = 'files' | 'page' | 'text' | 'card'
const ways = [
  { way: 'files', icon: 'upload', text: 'brain.addFiles' },
  { way: 'page', icon: 'link', text: 'brain.addPage' },
  { way: 'text', icon: 'text', text: 'brain.addText' },
  { way: 'card', icon: 'user', text: 'brain.card.add' },
] as const satisfies readonly { way: Way; icon: IconName; text: string }[]

/** The ways in: files, a web page, a text, an answer to a question. */
export function AddKnowledge({ slug, way }: { slug: string; way: Way | undefined }) {
  const { t } = useTranslation()
  const navigate = useNavigate({ from: '/$slug/brain' })
  const choose = (add: Way | undefined) =>
    void navigate({
      search: ({ add: _, ...old }) => ({ ...old, ...(add ? { add } : {}) }),
      replace: way !== undefined,
    })
  const close = () => way && choose(undefined)
  return (
    <Sheet
      open={way !== undefined}
      onClose={close}
      from="middle"
      title={t('brain.add')}
      closeLabel={t('state.close')}
    >
      <fieldset className={classes.ways} aria-label={t('brain.add')}>
        {ways.map((one) => (
          <button
            key={one.way}
            type="button"
            className={classes.way}
            aria-pressed={one.way === way}
            onClick={() => choose(one.way)}
          >
            <Icon name={one.icon} size={16} />
            {t(one.text)}
          </button>
        ))}
      </fieldset>
      {way === 'files' && <FileDrop slug={slug} onDone={close} />}
      {way === 'page' && <AddPage slug={slug} onDone={close} />}
      {way === 'text' && <AddText slug={slug} onDone={close} />}
      {way === 'card' && <CardForm slug={slug} onDone={close} />}
    </Sheet>
  )
}
