package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// The templates' words that the engine's callers use.
type (
	TemplateState  = provider.TemplateState
	TemplateHeader = provider.TemplateHeader
	TemplateChoice = provider.TemplateChoice
	TemplateButton = provider.TemplateButton
	ShownTemplate  = provider.Shown
)

// StatusDraft is a template that we have and its provider does not.
const StatusDraft = "draft"

// KnownTemplate is a template of a channel as we last heard of it.
type KnownTemplate struct {
	provider.TemplateState
	TemplateID flomastr.TemplateID
	Channel    flomastr.ChannelID
	CreatedAt  time.Time
	ChangedAt  time.Time // when we last heard of it
}

// TemplateKey names a template as a send does.
type TemplateKey struct{ Name, Language string }

// TemplatePage is a piece of the list of templates, by name and language.
type TemplatePage struct {
	Channel flomastr.ChannelID // zero: of all channels
	Status  string
	Search  string // in the name
	Limit   int
	Cursor  string
}

// TemplateReading is how reading a channel's templates goes.
type TemplateReading struct {
	ReadAt time.Time // of the last that succeeded; zero: never
	Error  string    // of the last, a sentence
}

// TemplateChannel is a number that has templates, and how reading them goes.
type TemplateChannel struct {
	Channel  flomastr.ChannelID
	Provider string
	Name     string
	Number   string // digits
	TemplateReading
}

// DueTemplates is a channel whose templates are to be read again.
type DueTemplates struct {
	Tenant  flomastr.TenantID
	Channel flomastr.ChannelID
}

// TemplateStore keeps what is known of templates.
type TemplateStore interface {
	Templates(ctx context.Context, tenant flomastr.TenantID, page TemplatePage) (list []KnownTemplate, next string, err error)
	// Template finds one by id, FindTemplate by what a send calls it; ErrTemplateNotFound.
	Template(ctx context.Context, tenant flomastr.TenantID, id flomastr.TemplateID) (KnownTemplate, error)
	FindTemplate(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, key TemplateKey) (KnownTemplate, error)
	// SaveDraft keeps a template that is ours alone; ErrTemplateTaken.
	SaveDraft(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, t KnownTemplate) (KnownTemplate, error)
	// NamedTemplates are those that go when a template that is no draft does: of its name, in all languages.
	NamedTemplates(ctx context.Context, tenant flomastr.TenantID, t KnownTemplate) ([]KnownTemplate, error)
	// BeginSubmitting takes a draft to be submitted by nobody else within the time; ErrNotDraft, ErrSubmitting.
	BeginSubmitting(ctx context.Context, tenant flomastr.TenantID, id flomastr.TemplateID, within time.Duration) (KnownTemplate, error)
	// EndSubmitting gives a draft back that could not be submitted.
	EndSubmitting(ctx context.Context, tenant flomastr.TenantID, id flomastr.TemplateID) error
	// SaveSubmitted keeps what the provider made of a draft.
	SaveSubmitted(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, t KnownTemplate) (KnownTemplate, error)
	// DropTemplate forgets a draft, or whatever is not a draft of a name in all its languages.
	DropTemplate(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, t KnownTemplate) error

	// DueTemplates looks over all tenants for channels whose templates are to be read now.
	DueTemplates(ctx context.Context, limit int) ([]DueTemplates, error)
	// BeginReading takes a channel's templates to be read, unless somebody has begun within the time: then ErrReadLately. What
	// it returns is the database's time.
	BeginReading(ctx context.Context, due DueTemplates, within time.Duration) (began time.Time, err error)
	// SaveTemplates replaces what is known by what was read. Drafts stay, and so does what was heard after the reading began.
	SaveTemplates(ctx context.Context, due DueTemplates, began time.Time, list []provider.TemplateState) error
	// NoteUnread keeps why they could not be read, and makes them due again after a while.
	NoteUnread(ctx context.Context, due DueTemplates, because string, again time.Duration) error
	Reading(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID) (TemplateReading, error)
	TemplateChannels(ctx context.Context, tenant flomastr.TenantID) ([]TemplateChannel, error)
}

// The failures of templates.
var (
	ErrTemplateNotFound = flomastr.Errorf(flomastr.NotFound, "template_not_found", "There is no such template.")
	ErrTemplateTaken    = flomastr.Errorf(flomastr.Conflict, "template_taken", "The channel has a template of this name in this language already.")
	ErrNotDraft         = flomastr.Errorf(flomastr.Conflict, "template_submitted", "The template was submitted already; WhatsApp decides on it now.")
	// ErrSubmitting is a draft that somebody is submitting at this moment.
	ErrSubmitting = flomastr.Errorf(flomastr.Conflict, "template_submitting", "The template is being submitted; look again in a moment.")
	// ErrReadLately is a list that somebody is reading, or has just read.
	ErrReadLately = flomastr.Errorf(flomastr.Conflict, "templates_read_lately", "The templates were read a moment ago.")

	ErrTemplateUnknown = flomastr.Errorf(flomastr.Conflict, "template_unknown",
		"The provider knows no template of this name in this language for this number.")
	ErrTemplateNotApproved = flomastr.Errorf(flomastr.Conflict, "template_not_approved", "The template is not approved by WhatsApp, so it cannot be sent.")
	ErrTemplatePaused      = flomastr.Errorf(flomastr.Conflict, "template_paused",
		"The template is paused by WhatsApp because of its quality; it cannot be sent until WhatsApp lets it.")

	errNoTemplates = flomastr.Errorf(flomastr.Conflict, "templates_unsupported", "This number's provider keeps no templates.")
)

const (
	// readLately is how soon a send that names an unknown template may have the list read again.
	readLately = 30 * time.Second
	// readAgain is how soon a list that could not be read is tried again.
	readAgain = 5 * time.Minute
	readEvery = 5 * time.Second
	// readTogether is how many lists are read at once: a provider that does not answer must not keep the others' waiting.
	readTogether = 10
	// submitWithin is how long submitting may take; for twice as long nobody else begins.
	submitWithin = time.Minute
)

// Templates lists what is known of a tenant's templates.
func (e *Engine) Templates(ctx context.Context, tenant flomastr.TenantID, page TemplatePage) ([]KnownTemplate, string, error) {
	return e.store.Templates(ctx, tenant, page)
}

// TemplateChannels lists the tenant's numbers and how reading their templates goes.
func (e *Engine) TemplateChannels(ctx context.Context, tenant flomastr.TenantID) ([]TemplateChannel, error) {
	return e.store.TemplateChannels(ctx, tenant)
}

// Template reads one template.
func (e *Engine) Template(ctx context.Context, tenant flomastr.TenantID, id flomastr.TemplateID) (KnownTemplate, error) {
	return e.store.Template(ctx, tenant, id)
}

// CreateTemplate keeps a draft. The channel is the tenant's first where none is named.
func (e *Engine) CreateTemplate(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, channel flomastr.ChannelID, t provider.TemplateState) (KnownTemplate, error) {
	ch, err := e.channelOr(ctx, tenant, channel)
	if err != nil {
		return KnownTemplate{}, err
	}
	if f := t.Check(); f != nil {
		return KnownTemplate{}, invalidTemplate(f)
	}
	t.ID, t.Status, t.Quality, t.Reason = "", StatusDraft, "", ""
	return e.store.SaveDraft(ctx, tenant, by, KnownTemplate{
		TemplateState: t, TemplateID: flomastr.NewID[flomastr.TemplateID](), Channel: ch.ID,
	})
}

func invalidTemplate(f *provider.TemplateFault) error {
	return flomastr.Errorf(flomastr.Invalid, "invalid_template", f.Sentence).Field("body."+f.Field, f.Sentence)
}

// SubmitTemplate gives a draft to the provider for approval. Should we not hear the answer, reading the list finds it there.
func (e *Engine) SubmitTemplate(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.TemplateID) (KnownTemplate, error) {
	t, err := e.store.BeginSubmitting(ctx, tenant, id, 2*submitWithin)
	if err != nil {
		return KnownTemplate{}, err
	}
	made, err := e.submit(ctx, tenant, t)
	// The provider has it, or not: whether the person still waits for the answer does not change that.
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err != nil {
		return KnownTemplate{}, errors.Join(err, e.store.EndSubmitting(settling, tenant, id))
	}
	if t.TemplateState = made; t.Status == "" {
		t.Status = "pending"
	}
	return e.store.SaveSubmitted(settling, tenant, by, t)
}

func (e *Engine) submit(ctx context.Context, tenant flomastr.TenantID, t KnownTemplate) (provider.TemplateState, error) {
	manager, opened, err := e.templateManager(ctx, tenant, t.Channel)
	if err != nil {
		return t.TemplateState, err
	}
	ctx, cancel := context.WithTimeout(ctx, submitWithin)
	defer cancel()
	return manager.CreateTemplate(ctx, opened, t.TemplateState)
}

// DeleteTemplate forgets a draft. One that the provider has is deleted there, in all languages of its name.
func (e *Engine) DeleteTemplate(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.TemplateID) error {
	t, err := e.store.Template(ctx, tenant, id)
	if err != nil {
		return err
	}
	if t.Status != StatusDraft {
		manager, opened, err := e.templateManager(ctx, tenant, t.Channel)
		if err != nil {
			return err
		}
		named, err := e.store.NamedTemplates(ctx, tenant, t)
		if err != nil {
			return err
		}
		var ids []string
		for _, n := range named {
			if !slices.Contains(ids, n.ID) { // two numbers of one account list the same
				ids = append(ids, n.ID)
			}
		}
		if err := manager.DeleteTemplate(ctx, opened, t.Name, ids); err != nil {
			return err
		}
	}
	return e.store.DropTemplate(ctx, tenant, by, t)
}

// ReadTemplates asks the provider for a channel's templates, the tenant's first channel's where none is named. That the
// provider does not tell is an answer.
func (e *Engine) ReadTemplates(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID) (TemplateReading, error) {
	ch, err := e.channelOr(ctx, tenant, channel)
	if err != nil {
		return TemplateReading{}, err
	}
	err = e.readTemplates(ctx, DueTemplates{tenant, ch.ID}, time.Second)
	if kind := flomastr.KindOf(err); err != nil && !errors.Is(err, ErrReadLately) && kind != flomastr.Upstream && kind != flomastr.Invalid {
		return TemplateReading{}, err
	}
	return e.store.Reading(ctx, tenant, ch.ID)
}

func (e *Engine) templateManager(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID) (provider.TemplateManager, provider.Channel, error) {
	ch, err := e.store.Channel(ctx, tenant, channel)
	if err != nil {
		return nil, provider.Channel{}, err
	}
	manager, ok := e.providers[ch.Provider].(provider.TemplateManager)
	if !ok {
		return nil, provider.Channel{}, errNoTemplates
	}
	opened, err := e.open(ch)
	return manager, opened, err
}

// readTemplates reads a channel's list unless somebody has begun to within the time.
func (e *Engine) readTemplates(ctx context.Context, due DueTemplates, within time.Duration) error {
	began, err := e.store.BeginReading(ctx, due, within)
	if err != nil {
		return err
	}
	manager, opened, err := e.templateManager(ctx, due.Tenant, due.Channel)
	var list []provider.TemplateState
	if err == nil {
		list, err = manager.Templates(ctx, opened)
	}
	if err == nil {
		e.readStanding(ctx, due, manager, opened)
		return e.store.SaveTemplates(ctx, due, began, list)
	}
	sentence := "The templates could not be read."
	if known, ok := errors.AsType[*flomastr.Error](err); ok {
		sentence = known.Message
	}
	noting, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(err, e.store.NoteUnread(noting, due, sentence, readAgain))
}

// readStanding asks how WhatsApp judges a number whose provider does not tell by itself, whenever its templates are read. That it
// cannot be read keeps nothing else from going on.
func (e *Engine) readStanding(ctx context.Context, due DueTemplates, manager provider.TemplateManager, opened provider.Channel) {
	source, ok := manager.(provider.StandingSource)
	if !ok {
		return
	}
	news, err := source.Standing(ctx, opened)
	intake := make([]Intake, len(news))
	for i := range news {
		intake[i] = Intake{Channel: due.Channel, Event: &news[i]}
	}
	if err == nil && len(intake) > 0 {
		_, err = e.store.SaveIntake(ctx, due.Tenant, intake)
	}
	if err != nil && ctx.Err() == nil {
		e.log.InfoContext(ctx, "read how a number stands", "tenant", due.Tenant, "channel", due.Channel, "err", err)
	}
}

// keepTemplates reads the lists that are due until ctx ends.
func (e *Engine) keepTemplates(ctx context.Context) {
	places := make(chan struct{}, readTogether)
	var reading sync.WaitGroup
	defer reading.Wait()
	for sleep(ctx, readEvery) {
		due, err := e.store.DueTemplates(ctx, cap(places)-len(places))
		if err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "look for templates to read", "err", err)
		}
		for _, d := range due {
			places <- struct{}{}
			reading.Go(func() {
				defer func() { <-places }()
				if err := e.readTemplates(ctx, d, readEvery); err != nil && !errors.Is(err, ErrReadLately) && ctx.Err() == nil {
					e.log.InfoContext(ctx, "read templates", "tenant", d.Tenant, "channel", d.Channel, "err", err)
				}
			})
		}
	}
}

// useTemplate makes a template that somebody names ready to be sent, or says why it cannot be. One that is not known is
// looked for at the provider; where that fails nothing is sent.
func (e *Engine) useTemplate(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, t *provider.Template) (marketing bool, err error) {
	key := TemplateKey{t.Name, t.Language}
	known, err := e.store.FindTemplate(ctx, tenant, channel, key)
	if errors.Is(err, ErrTemplateNotFound) || err == nil && !known.Sendable() {
		if err := e.readTemplates(ctx, DueTemplates{tenant, channel}, readLately); err != nil && !errors.Is(err, ErrReadLately) && !errors.Is(err, errNoTemplates) {
			return false, fmt.Errorf("look for a template: %w", err)
		}
		known, err = e.store.FindTemplate(ctx, tenant, channel, key)
	}
	switch {
	case errors.Is(err, ErrTemplateNotFound):
		return false, ErrTemplateUnknown
	case err != nil:
		return false, err
	}
	if err := refusedTemplate(known.TemplateState); err != nil {
		return false, err
	}
	if f := known.Takes(*t); f != nil {
		return false, flomastr.Errorf(flomastr.Invalid, "template_values", f.Sentence).Field("body.message.template."+f.Field, f.Sentence)
	}
	t.ID, t.Names = known.ID, known.Names
	return known.Marketing(), nil
}

// refusedTemplate says why a template cannot be sent, nil when it can.
func refusedTemplate(s provider.TemplateState) error {
	switch {
	case s.Sendable():
		return nil
	case s.Status == "":
		return ErrTemplateUnknown
	case s.Status == "paused" || s.Status == "flagged" || s.Status == "disabled":
		return ErrTemplatePaused
	default:
		return ErrTemplateNotApproved
	}
}

// TemplateProblem says why a template that waits to be sent must not be, in a sentence for people; empty when it may. Of one
// that was known when its message was queued and is not now the next list may tell again: see [TemplateMissed].
func TemplateProblem(s provider.TemplateState) string {
	if s.Status == "" {
		return ""
	}
	if known, ok := errors.AsType[*flomastr.Error](refusedTemplate(s)); ok {
		return "Not sent: " + strings.ToLower(known.Message[:1]) + known.Message[1:]
	}
	return ""
}

// TemplateMissed is how long the lists must have been without a template before what waits for it is given up.
const TemplateMissed = 10 * time.Minute

// ShowTemplate puts values into a template, as the customer would see it; problem says what keeps it from being sent, in a
// sentence.
func (e *Engine) ShowTemplate(ctx context.Context, tenant flomastr.TenantID, id flomastr.TemplateID, values provider.Template) (shown provider.Shown, problem string, err error) {
	t, err := e.store.Template(ctx, tenant, id)
	if err != nil {
		return provider.Shown{}, "", err
	}
	if f := t.Takes(values); f != nil {
		problem = f.Sentence
	} else if known, ok := errors.AsType[*flomastr.Error](refusedTemplate(t.TemplateState)); ok {
		problem = known.Message
	}
	return t.Show(values), problem, nil
}
