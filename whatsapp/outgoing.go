package whatsapp

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Request is a message that a member or another system asks us to send.
type Request struct {
	Channel flomastr.ChannelID // zero: the tenant's first active one
	To      string             // E.164, digits, or a provider's user id
	Message provider.Message   // without key and address
	Speaker flomastr.Speaker
	Author  Author
	Reach   Reach
	// Fallback goes instead where the window is closed, now or when the message's turn comes. It is checked whether it is
	// needed or not.
	Fallback *provider.Template
	// Marketing says that it is advertising, which somebody who takes none does not get.
	Marketing bool
	// Valid is how long it is worth sending; zero, or longer than [Settings.MessageUseful], means that.
	Valid time.Duration
}

// Author is who wrote a message: a member by the issuer's subject, and as the audit log names them.
type Author struct {
	ID    string
	Actor flomastr.Actor
}

var errNoRecipient = flomastr.Errorf(flomastr.Invalid, "invalid_recipient", "The recipient is not a phone number.").
	Field("body.to", "must be a phone number in international form, or a provider's user id")

var errNoChannel = flomastr.Errorf(flomastr.Conflict, "no_channel", "The tenant has no channel to send from.")

// Send queues a message to somebody. Outside the 24-hour window only a template may go; to somebody who never wrote as
// well.
func (e *Engine) Send(ctx context.Context, tenant flomastr.TenantID, r Request) (Message, error) {
	to, err := ParseAddress(r.To)
	if err != nil {
		return Message{}, err
	}
	ch, err := e.channelOr(ctx, tenant, r.Channel)
	if err != nil {
		return Message{}, err
	}
	if ch.Status != ChannelActive {
		return Message{}, ErrChannelPaused
	}
	if err := e.mayWriteTo(ctx, tenant, ch.ID, to, r.Reach); err != nil {
		return Message{}, err
	}
	// Before anything is made of them: a refusal has no side effect.
	instead, unread := e.readyFallback(ctx, tenant, ch.ID, r.Fallback)
	if mistaken(unread) {
		return Message{}, unread
	}
	main, err := e.ready(ctx, tenant, ch.ID, r.Message)
	if err != nil {
		return Message{}, err
	}
	m, err := e.sendReady(ctx, tenant, ch, to, main, instead, r)
	switch {
	case !errors.Is(err, ErrWindowClosed):
		return m, err
	case unread != nil: // it is needed, and nothing is known of it
		return Message{}, unread
	case instead != nil:
		return e.sendReady(ctx, tenant, ch, to, *instead, nil, r)
	default:
		return m, err
	}
}

// mistaken tells whether an error is the caller's to mend, and not that of a provider who does not answer just now.
func mistaken(err error) bool {
	return slices.Contains([]flomastr.Kind{flomastr.Invalid, flomastr.NotFound, flomastr.Conflict}, flomastr.KindOf(err))
}

// readied is a message that its provider takes, with its template looked up.
type readied struct {
	message   provider.Message
	marketing bool
}

func (e *Engine) ready(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, m provider.Message) (r readied, err error) {
	if r.message, err = e.prepare(ctx, tenant, channel, m); err != nil || m.Template == nil {
		return r, err
	}
	t := *r.message.Template // a copy: the caller's may be tried again
	r.marketing, err = e.useTemplate(ctx, tenant, channel, &t)
	r.message.Template = &t
	return r, err
}

func (e *Engine) readyFallback(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, t *provider.Template) (*readied, error) {
	if t == nil {
		return nil, nil //nolint:nilnil // none is asked for
	}
	r, err := e.ready(ctx, tenant, channel, provider.Message{Template: t})
	if known, ok := errors.AsType[*flomastr.Error](err); ok && known.Kind != flomastr.NotFound {
		return nil, flomastr.Errorf(known.Kind, known.Code, known.Message).Field("body.fallback_template", known.Message).Because(err)
	}
	return &r, err
}

func (e *Engine) sendReady(ctx context.Context, tenant flomastr.TenantID, ch Channel, to provider.Address, ready readied, instead *readied, r Request) (Message, error) {
	find := e.store.FindConversation
	if ready.message.Template != nil {
		find = e.store.OpenThread
	}
	conversation, err := find(ctx, tenant, ch.ID, to)
	if flomastr.KindOf(err) == flomastr.NotFound {
		return Message{}, ErrWindowClosed // they never wrote, so no window was ever open
	}
	if err != nil {
		return Message{}, err
	}
	out := Outgoing{
		Conversation: conversation, Message: ready.message, Speaker: r.Speaker, Author: r.Author.ID, By: r.Author.Actor,
		Marketing: r.Marketing || ready.marketing, Useful: r.Valid,
		TakeOver: r.Speaker == flomastr.SpeakerMember && ready.message.Template == nil, // whoever writes in their own words goes on
	}
	if instead != nil && out.Message.Template == nil {
		out.Fallback = instead.message.Template
	}
	m, err := e.queue(ctx, tenant, out)
	m.Provider = ch.Provider
	return m, err
}

// mayWriteTo refuses a conversation that is out of reach. Somebody who has none yet may be written to.
func (e *Engine) mayWriteTo(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, to provider.Address, reach Reach) error {
	if reach.All() {
		return nil
	}
	id, err := e.store.FindConversation(ctx, tenant, channel, to)
	if flomastr.KindOf(err) == flomastr.NotFound {
		return nil
	}
	if err == nil {
		_, err = e.Reached(ctx, tenant, id, reach)
	}
	return err
}

// Reply queues a member's message in a conversation; the member becomes its owner, and the assistant is silent until
// the conversation is handed back.
func (e *Engine) Reply(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, author Author, message provider.Message) (Message, error) {
	c, err := e.store.Conversation(ctx, tenant, id)
	if err != nil {
		return Message{}, err
	}
	if message, err = e.prepare(ctx, tenant, c.Channel, message); err != nil {
		return Message{}, err
	}
	return e.queue(ctx, tenant, Outgoing{
		Conversation: id, Message: message, Speaker: flomastr.SpeakerMember, Author: author.ID, By: author.Actor, TakeOver: true,
	})
}

func (e *Engine) queue(ctx context.Context, tenant flomastr.TenantID, out Outgoing) (Message, error) {
	out.Message.Key = flomastr.NewID[flomastr.MessageID]().String()
	if out.Useful <= 0 || out.Useful > e.set.MessageUseful {
		out.Useful = e.set.MessageUseful
	}
	m, err := e.store.SaveOutgoing(ctx, tenant, out)
	if err != nil {
		return Message{}, err
	}
	e.wake(LaneSend)
	return m, nil
}

// checkContent cleans what somebody wants to have sent and refuses what says nothing or is too long for one message.
func checkContent(m provider.Message) (provider.Message, error) {
	m.Text = provider.Clean(m.Text, flomastr.MaxReplyChars+1)
	if n := len([]rune(m.Text)); n > flomastr.MaxReplyChars || !m.Rich() && !strings.ContainsFunc(m.Text, visible) {
		return m, flomastr.Errorf(flomastr.Invalid, "invalid_text", "A message holds between 1 and 4,096 characters.").
			Field("body.message.text", "must hold between 1 and 4,096 characters")
	}
	return m, nil
}

// visible tells whether a character shows anything.
func visible(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }

// channelOr finds a channel by id, or the tenant's first one, an active one before a paused one.
func (e *Engine) channelOr(ctx context.Context, tenant flomastr.TenantID, id flomastr.ChannelID) (Channel, error) {
	if !id.IsZero() {
		return e.store.Channel(ctx, tenant, id)
	}
	channels, err := e.store.Channels(ctx, tenant)
	if err != nil {
		return Channel{}, err
	}
	for _, ch := range channels {
		if ch.Status == ChannelActive {
			return ch, nil
		}
	}
	if len(channels) > 0 {
		return channels[0], nil
	}
	return Channel{}, errNoChannel
}

var (
	phoneForm  = regexp.MustCompile(`^\+?[0-9]{5,20}$`)
	userIDForm = regexp.MustCompile(`^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$`)
)

// ParseAddress reads a recipient or a sender as our own API writes them.
func ParseAddress(s string) (provider.Address, error) {
	s = strings.TrimSpace(s)
	switch {
	case userIDForm.MatchString(s):
		return provider.Address{UserID: s}, nil
	case phoneForm.MatchString(s):
		return provider.Address{Phone: strings.TrimPrefix(s, "+")}, nil
	default:
		return provider.Address{}, errNoRecipient
	}
}
