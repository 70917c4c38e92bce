package whatsapp_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

var (
	oldName = provider.Address{Phone: "385911111111"}
	newName = provider.Address{Phone: "385933333333"}
)

func renamed(mark string) provider.Batch {
	return provider.Batch{Events: []provider.Event{{Kind: provider.ContactRenamed, Mark: mark, Previous: oldName, Contact: newName}}}
}

func (b *bundle) conversationOf(who provider.Address) whatsapp.Conversation {
	b.t.Helper()
	id, err := b.store.FindConversation(b.t.Context(), b.tenant, b.channel.ID, who)
	require.NoError(b.t, err)
	c, err := b.store.Conversation(b.t.Context(), b.tenant, id)
	require.NoError(b.t, err)
	return c
}

func TestAContactWithANewNumberKeepsHistoryAndOptOutAndGivesUpTheOldNumber(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.hears(provider.Inbound{Text: "My secret."}, provider.Inbound{Text: "stop"})
	b.tell(renamed("1"))
	b.tell(renamed("1"))
	b.hears(provider.Inbound{Text: "It is me.", From: newName})
	c := b.only()
	require.Len(t, b.messagesOf(c.ID), 4, "one thread, with the confirmation")
	require.Equal(t, "+385933333333", c.Contact.Phone)
	require.Equal(t, whatsapp.ScopeAll, c.OptOut)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM audit_log WHERE action = 'contact.renamed'`))

	b.hears(provider.Inbound{Text: "Who was here before me?", From: oldName})
	stranger := b.conversationOf(oldName)
	require.NotEqual(t, c.ID, stranger.ID)
	require.Len(t, b.messagesOf(stranger.ID), 1, "the number's next owner sees nothing of it")
	require.Empty(t, stranger.OptOut)
}

func TestAnAnswerGoesToTheNewNumber(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.hears(provider.Inbound{Text: "Open?"})
	b.tell(renamed("1"))
	b.work()
	b.eventually("an answer", func() bool { return len(b.ledger.to(newName.Phone)) == 1 })
}

func TestOnlyAContactWhomWeKnowOnThatChannelIsRenamed(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.says(oldName.Phone, "On the other channel.")
	b.speak()
	b.tell(renamed("1"))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM contact_identities`))
	require.Zero(t, b.count(`SELECT count(*) FROM contact_identities WHERE value = $1`, newName.Phone))
	b.hears(provider.Inbound{Text: "Hello.", From: newName})
	require.Equal(t, 2, b.count(`SELECT count(*) FROM contacts`))
}

func TestWhoeverJustWroteFromTheNewNumberIsTheSamePerson(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.hears(provider.Inbound{Text: "Before."}, provider.Inbound{Text: "After.", From: newName})
	before, after := b.conversationOf(oldName), b.conversationOf(newName)
	b.tell(renamed("1"))
	require.Equal(t, before.ID, b.conversationOf(newName).ID, "the thread goes on")
	c, err := b.store.Conversation(t.Context(), b.tenant, after.ID)
	require.NoError(t, err)
	require.Equal(t, before.Contact.ID, c.Contact.MergedInto)
}

func TestWhoeverHadTheNewNumberForLongIsSomebodyElse(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.speak()
	b.hears(provider.Inbound{Text: "Before."}, provider.Inbound{Text: "stop", From: newName})
	before, holder := b.conversationOf(oldName), b.conversationOf(newName)
	require.NoError(t, b.db.InTenant(t.Context(), b.tenant, execFn(t.Context(),
		`UPDATE contacts SET created_at = now() - interval '2 days' WHERE id = $1`, holder.Contact.ID)))
	b.tell(renamed("1"))
	require.Equal(t, before.ID, b.conversationOf(newName).ID)
	c, err := b.store.Conversation(t.Context(), b.tenant, holder.ID)
	require.NoError(t, err)
	require.True(t, c.Contact.MergedInto.IsZero(), "their history stays theirs")
	require.Equal(t, whatsapp.ScopeAll, b.conversationOf(newName).OptOut, "silence is the safe mistake")
}

func TestOnePersonOnTwoChannelsIsMergedAndTakenApart(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.says("385911111111", "Hello.")
	first := b.only()
	b.speak()
	b.hears(provider.Inbound{Text: "Hello."})
	second := b.conversationOf(oldName)
	by := flomastr.Actor("user:x|admin")
	got, err := b.engine.MergeContacts(t.Context(), b.tenant, by, first.Contact.ID, second.Contact.ID)
	require.NoError(t, err)
	require.Equal(t, first.Contact.ID, got.MergedInto)
	_, err = b.engine.MergeContacts(t.Context(), b.tenant, by, second.Contact.ID, first.Contact.ID)
	require.ErrorIs(t, err, whatsapp.ErrSameContact)
	_, err = b.engine.MergeContacts(t.Context(), b.tenant, by, first.Contact.ID, first.Contact.ID)
	require.ErrorIs(t, err, whatsapp.ErrSameContact)
	_, err = b.engine.MergeContacts(t.Context(), b.tenant, by, first.Contact.ID, flomastr.NewID[flomastr.ContactID]())
	require.ErrorIs(t, err, whatsapp.ErrContactNotFound)

	for name, want := range map[string]flomastr.ContactID{
		first.Contact.ID.String(): first.Contact.ID, second.Contact.ID.String(): second.Contact.ID, "+385911111111": second.Contact.ID, "385911111111": second.Contact.ID,
	} {
		named, err := b.engine.ContactNamed(t.Context(), b.tenant, name)
		require.NoError(t, err, name)
		require.Equal(t, want, named, "%s: of several the one who wrote last", name)
		_, err = b.engine.ContactNamed(t.Context(), flomastr.NewID[flomastr.TenantID](), name)
		require.ErrorIs(t, err, whatsapp.ErrContactNotFound, "to another tenant")
	}
	for _, name := range []string{"", "+", "+1", "nobody", flomastr.NewID[flomastr.ContactID]().String()} {
		_, err = b.engine.ContactNamed(t.Context(), b.tenant, name)
		require.ErrorIs(t, err, whatsapp.ErrContactNotFound, name)
	}

	optOut := func(id flomastr.ConversationID) whatsapp.Scope {
		c, err := b.store.Conversation(t.Context(), b.tenant, id)
		require.NoError(t, err)
		return c.OptOut
	}
	b.hears(provider.Inbound{Text: "stop"})
	require.Equal(t, whatsapp.ScopeAll, optOut(first.ID), "a person stops, not a channel")
	b.hears(provider.Inbound{Text: "start"})
	require.Empty(t, optOut(first.ID))
	b.hears(provider.Inbound{Text: "stop"})

	person, err := b.engine.Person(t.Context(), b.tenant, first.Contact.ID, whatsapp.Reach{})
	require.NoError(t, err)
	require.Len(t, person.Same, 1)
	require.Equal(t, second.Contact.ID, person.Same[0].ID)
	require.Len(t, person.Identities, 2, "on two channels")
	require.Len(t, person.OptOuts, 1)
	require.Equal(t, []any{whatsapp.ScopeAll, "contact"}, []any{person.OptOuts[0].Scope, person.OptOuts[0].Source})
	other, err := b.engine.Person(t.Context(), b.tenant, second.Contact.ID, whatsapp.Reach{})
	require.NoError(t, err)
	require.Equal(t, person.OptOuts, other.OptOuts, "the same person, whichever contact is asked for")
	_, err = b.engine.Person(t.Context(), b.tenant, second.Contact.ID, whatsapp.Reach{Member: "somebody"})
	require.ErrorIs(t, err, whatsapp.ErrContactNotFound, "out of reach")

	got, err = b.engine.UnmergeContact(t.Context(), b.tenant, by, second.Contact.ID)
	require.NoError(t, err)
	require.True(t, got.MergedInto.IsZero())
	require.Equal(t, whatsapp.ScopeAll, optOut(first.ID))
	require.Equal(t, whatsapp.ScopeAll, optOut(second.ID), "silence is the safe mistake")
	_, err = b.engine.UnmergeContact(t.Context(), b.tenant, by, second.Contact.ID)
	require.ErrorIs(t, err, whatsapp.ErrNotMerged)
	require.Equal(t, 2, b.count(`SELECT count(*) FROM audit_log WHERE actor = $1 AND action IN ('contact.merged', 'contact.unmerged')`, by))
}

// What a person asked for outlives that they are merged and taken apart again. Where it is not known who of the two asked,
// silence is the safe mistake.
func TestWhatWasAskedForOutlivesAMergeAndItsUndoing(t *testing.T) {
	t.Parallel()
	const first, second = "first", "second"
	for name, c := range map[string]struct {
		before, during []string // who says what; the second is merged into the first between the two
		merged         bool     // whether the person is silent while they are one
		first, second  bool     // whether each is silent after they were taken apart
	}{
		"nobody stops":                                  {nil, nil, false, false, false},
		"the second had stopped":                        {[]string{second, "stop"}, nil, true, true, true},
		"the first had stopped":                         {[]string{first, "stop"}, nil, true, true, true},
		"the second stops as a part":                    {nil, []string{second, "stop"}, true, true, true},
		"the second had stopped and starts as a part":   {[]string{second, "stop"}, []string{second, "start"}, false, false, false},
		"the second had stopped and the first starts":   {[]string{second, "stop"}, []string{first, "start"}, false, false, true},
		"the first stops and the second starts, as one": {nil, []string{first, "stop", second, "start"}, false, false, false},
		"the second starts and stops again, as one":     {[]string{second, "stop"}, []string{second, "start", second, "stop"}, true, true, true},
		"the second had stopped and both start":         {[]string{second, "stop"}, []string{first, "start", second, "start"}, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			b.says(oldName.Phone, "Hello.")
			one := b.only()
			here := b.channel
			b.speak()
			there := b.channel
			b.hears(provider.Inbound{Text: "Hello."})
			two := b.conversationOf(oldName)
			say := func(words []string) {
				for i := 0; i < len(words); i += 2 {
					if words[i] == first {
						b.channel = here
						b.says(oldName.Phone, words[i+1])
						continue
					}
					b.channel = there
					b.hears(provider.Inbound{Text: words[i+1]})
				}
			}
			silent := func(id flomastr.ConversationID) bool {
				c, err := b.store.Conversation(t.Context(), b.tenant, id)
				require.NoError(t, err)
				return c.OptOut == whatsapp.ScopeAll
			}
			say(c.before)
			_, err := b.engine.MergeContacts(t.Context(), b.tenant, flomastr.ActorSystem, one.Contact.ID, two.Contact.ID)
			require.NoError(t, err)
			say(c.during)
			require.Equal(t, []bool{c.merged, c.merged}, []bool{silent(one.ID), silent(two.ID)}, "as one")
			_, err = b.engine.UnmergeContact(t.Context(), b.tenant, flomastr.ActorSystem, two.Contact.ID)
			require.NoError(t, err)
			require.Equal(t, []bool{c.first, c.second}, []bool{silent(one.ID), silent(two.ID)}, "apart")
		})
	}
}

func TestAdvertisingIsHeldBackAlsoAfterAMergeAndItsUndoing(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.says(oldName.Phone, "Hello.")
	one, here := b.only(), b.channel
	b.speak()
	b.hears(provider.Inbound{Text: "Hello."})
	two := b.conversationOf(oldName)
	send := func(ch flomastr.ChannelID) (whatsapp.Message, error) {
		return b.engine.Send(t.Context(), b.tenant, whatsapp.Request{
			Channel: ch, To: oldName.Phone, Message: provider.Message{Text: "Buy!"}, Speaker: flomastr.SpeakerExternal, Marketing: true,
		})
	}
	m, err := send(b.channel.ID)
	require.NoError(t, err)
	b.tell(provider.Batch{Reports: []provider.Report{{Key: m.ID.String(), Mark: "1", State: provider.StateFailed, At: time.Now(), Effect: provider.HoldMarketing, Detail: "Enough."}}})
	held := func() (held []bool) {
		for _, ch := range []flomastr.ChannelID{here.ID, b.channel.ID} {
			_, err := send(ch)
			held = append(held, errors.Is(err, whatsapp.ErrMarketingHeld))
		}
		return held
	}
	require.Equal(t, []bool{false, true}, held())
	_, err = b.engine.MergeContacts(t.Context(), b.tenant, flomastr.ActorSystem, one.Contact.ID, two.Contact.ID)
	require.NoError(t, err)
	require.Equal(t, []bool{true, true}, held(), "the person has had enough")
	_, err = b.engine.UnmergeContact(t.Context(), b.tenant, flomastr.ActorSystem, two.Contact.ID)
	require.NoError(t, err)
	require.Equal(t, []bool{true, true}, held())
}
