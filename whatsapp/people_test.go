package whatsapp_test

import (
	"testing"

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
