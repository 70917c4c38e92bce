package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/memory"
	"github.com/flomastr/flomastr/postgres/postgrestest"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

const (
	sara = "447700900100"
	omar = "447700900200"
)

// says has somebody write a message and the memory look at it, as the job would.
func (d *desk) says(phone, text string) whatsapp.Stored {
	d.t.Helper()
	stored := d.hear(phone, text)
	d.notice(stored.Message)
	return stored
}

func (d *desk) engine() *memory.Engine { return memory.New(memory.Deps{Store: d.memory}) }

func (d *desk) notice(id flomastr.MessageID) {
	d.t.Helper()
	require.NoError(d.t, d.engine().Notice(context.Background(), memory.NoticeArgs{Tenant: d.tenant, Message: id}))
}

// holds lists what is remembered of a contact now.
func (d *desk) holds(contact flomastr.ContactID) []string {
	d.t.Helper()
	past, err := d.memory.Past(d.t.Context(), d.tenant, contact, 0)
	require.NoError(d.t, err)
	out := []string{}
	for _, f := range past.Facts {
		out = append(out, f.Subject+" = "+f.Text)
	}
	return out
}

func TestWhatACustomerSaysIsRememberedWithItsMessage(t *testing.T) {
	t.Parallel()
	d := openDesk(t, postgrestest.Open(t))
	said := d.says(sara, "My shoe size is 42. I'm vegetarian")
	d.says(omar, "My shoe size is 45")
	require.ElementsMatch(t, []string{"shoe size = 42", "diet = vegetarian"}, d.holds(said.Contact))
	list, _, err := d.engine().Facts(t.Context(), d.tenant, said.Contact)
	require.NoError(t, err)
	for _, f := range list {
		require.Equal(t, said.Message, f.Message)
		require.Equal(t, said.Conversation, f.Conversation)
		require.Equal(t, memory.FromCustomer, f.Source)
		require.True(t, f.Until.IsZero())
	}
	d.notice(said.Message)
	require.Len(t, d.holds(said.Contact), 2, "a job that runs again changes nothing")
}

func TestTheSameAgainConfirmsAndAContradictionSupersedes(t *testing.T) {
	t.Parallel()
	d := openDesk(t, postgrestest.Open(t))
	first := d.says(sara, "My shirt size is M")
	before, _, err := d.engine().Facts(t.Context(), d.tenant, first.Contact)
	require.NoError(t, err)
	d.says(sara, "my shirt size is m!")
	again, _, err := d.engine().Facts(t.Context(), d.tenant, first.Contact)
	require.NoError(t, err)
	require.Len(t, again, 1, "duplicates merge")
	require.Equal(t, first.Message, again[0].Message)
	require.Greater(t, again[0].Confidence, before[0].Confidence)
	require.True(t, again[0].Confirmed.After(again[0].From))

	second := d.says(sara, "My shirt size is L")
	require.Equal(t, []string{"shirt size = L"}, d.holds(first.Contact))
	all, _, err := d.engine().Facts(t.Context(), d.tenant, first.Contact)
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, second.Message, all[0].Message)
	require.Equal(t, all[0].From, all[1].Until, "the old one held until the new one was said")
	require.Equal(t, all[0].ID, all[1].Superseded)

	d.says(sara, "I'm vegetarian")
	d.says(sara, "I'm no longer vegetarian")
	require.Equal(t, []string{"shirt size = L"}, d.holds(first.Contact), "what ended holds no more")
}

func TestWhatComesLateCountsAsPast(t *testing.T) {
	t.Parallel()
	d := openDesk(t, postgrestest.Open(t))
	old, latest := d.hear(sara, "My size is S"), d.hear(sara, "My size is XL")
	d.notice(latest.Message)
	d.notice(old.Message)
	require.Equal(t, []string{"size = XL"}, d.holds(old.Contact))
}

func TestAnEditARevocationAndAnOptOutTakeWhatCameFromThem(t *testing.T) {
	t.Parallel()
	d := openDesk(t, postgrestest.Open(t))
	write := func(id, text string) whatsapp.Stored {
		stored := d.take(provider.Inbound{ProviderID: id, From: provider.Address{Phone: sara}, Type: "text", Text: text}, whatsapp.In)
		d.notice(stored.Message)
		return stored
	}
	first := write("one", "My size is S")
	write("two", "My size is M")
	require.Equal(t, []string{"size = M"}, d.holds(first.Contact))

	d.take(provider.Inbound{From: provider.Address{Phone: sara}, Type: whatsapp.TypeRevoke, Target: "two"}, whatsapp.In)
	require.Equal(t, []string{"size = S"}, d.holds(first.Contact), "what it had taken the place of holds again")

	d.take(provider.Inbound{From: provider.Address{Phone: sara}, Type: whatsapp.TypeEdit, Target: "one", Text: "My size is XL"}, whatsapp.In)
	require.Empty(t, d.holds(first.Contact))
	require.Equal(t, 1, d.jobs(), "the new words are looked at")
	d.notice(first.Message)
	require.Equal(t, []string{"size = XL"}, d.holds(first.Contact))

	stop := &whatsapp.Arrival{
		Inbound: provider.Inbound{ProviderID: "stop", From: provider.Address{Phone: sara}, To: "447700900001", Type: "text", Text: "STOP", Readable: true, SentAt: time.Now()},
		Message: flomastr.NewID[flomastr.MessageID](), Direction: whatsapp.In, Wish: whatsapp.WishStop, WishReply: "ok",
		WishReplyID: flomastr.NewID[flomastr.MessageID](), WishReplyUseful: time.Hour,
	}
	_, err := d.whatsapp.SaveIntake(t.Context(), d.tenant, []whatsapp.Intake{{Channel: d.channel, Inbound: stop}})
	require.NoError(t, err)
	require.Empty(t, d.holds(first.Contact))
	d.says(sara, "My size is M")
	require.Empty(t, d.holds(first.Contact), "nothing is remembered of somebody who does not want to hear of us")
}

// jobs counts those that look at messages.
func (d *desk) jobs() (n int) {
	d.t.Helper()
	require.NoError(d.t, d.db.InPlatform(context.Background(), func(tx pgx.Tx) error {
		return tx.QueryRow(context.Background(), `SELECT count(*) FROM river.river_job WHERE kind = 'memory.notice' AND args->>'tenant_id' = $1`, d.tenant.String()).Scan(&n)
	}))
	return n
}

func TestAPersonWhoAsksIsForgotten(t *testing.T) {
	t.Parallel()
	d := openDesk(t, postgrestest.Open(t))
	said := d.says(sara, "My size is S")
	other := d.says(omar, "My size is M")
	d.says(sara, "Please forget everything you know about me")
	require.Empty(t, d.holds(said.Contact))
	require.Equal(t, []string{"size = M"}, d.holds(other.Contact))
}

func TestWhatIsSensitiveNeedsAConsent(t *testing.T) {
	t.Parallel()
	d := openDesk(t, postgrestest.Open(t))
	said := d.says(sara, "I'm allergic to nuts")
	require.Empty(t, d.holds(said.Contact))
	d.says(sara, "Please remember that I'm allergic to latex")
	require.Equal(t, []string{"allergy: latex = allergic to latex"}, d.holds(said.Contact), "asking for it is a consent")

	_, err := d.engine().Note(t.Context(), d.tenant, "user:i|lea", said.Contact, memory.Draft{Kind: memory.KindFact, Subject: "allergy: nuts", Text: "allergic to nuts"})
	require.ErrorIs(t, err, memory.ErrNoConsent, "a member needs it as well")
	since, err := d.engine().Consent(t.Context(), d.tenant, "user:i|lea", said.Contact, true, "on the phone")
	require.NoError(t, err)
	require.False(t, since.IsZero())
	d.says(sara, "I'm diabetic. My size is M")
	require.Len(t, d.holds(said.Contact), 3)

	_, err = d.engine().Consent(t.Context(), d.tenant, "user:i|lea", said.Contact, false, "")
	require.NoError(t, err)
	require.Equal(t, []string{"size = M"}, d.holds(said.Contact), "withdrawn, what was kept is deleted")
}

func TestOurOwnWordsAreNeverRemembered(t *testing.T) {
	t.Parallel()
	d := openDesk(t, postgrestest.Open(t))
	contact := d.hear(sara, "Hello").Contact
	ours := d.take(provider.Inbound{From: provider.Address{Phone: sara}, Type: "text", Text: "You told us: I'm vegetarian and my shoe size is 42"}, whatsapp.Out)
	d.notice(ours.Message)
	d.says(sara, "I'm vegetarian and my shoe size is 42")
	d.says(sara, "> my size is L")
	require.Empty(t, d.holds(contact), "a quotation of ours is not theirs")
	d.take(provider.Inbound{From: provider.Address{Phone: sara}, Type: "button", Text: "I'm vegan"}, whatsapp.In)
	require.Empty(t, d.holds(contact))
}

func TestMembersSeeCorrectAndEraseWhatIsRememberedOfThisContactAlone(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	d, foreign := openDesk(t, db), openDesk(t, db)
	said, other := d.says(sara, "My size is M"), d.says(omar, "My size is L")
	e := d.engine()
	list, _, err := e.Facts(t.Context(), d.tenant, said.Contact)
	require.NoError(t, err)
	id := list[0].ID

	_, err = e.Correct(t.Context(), d.tenant, "user:i|lea", other.Contact, id, "S")
	require.ErrorIs(t, err, memory.ErrFactNotFound, "another contact's")
	require.ErrorIs(t, e.Erase(t.Context(), d.tenant, "user:i|lea", other.Contact, id), memory.ErrFactNotFound)
	_, err = e.Correct(t.Context(), foreign.tenant, "user:i|lea", said.Contact, id, "S")
	require.ErrorIs(t, err, memory.ErrContactNotFound, "another tenant's")
	require.ErrorIs(t, e.EraseAll(t.Context(), foreign.tenant, "user:i|lea", said.Contact), memory.ErrContactNotFound)
	_, err = e.Consent(t.Context(), foreign.tenant, "user:i|lea", said.Contact, true, "none")
	require.ErrorIs(t, err, memory.ErrContactNotFound)

	require.NoError(t, db.InTenant(t.Context(), d.tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE memories SET valid_from = now() + interval '1 minute', confirmed_at = now() + interval '1 minute' WHERE id = $1`, id)
		return err // as if the provider's clock were before ours
	}))
	f, err := e.Correct(t.Context(), d.tenant, "user:i|lea", said.Contact, id, "XL")
	require.NoError(t, err)
	require.Equal(t, memory.FromMember, f.Source)
	require.Equal(t, []string{"size = XL"}, d.holds(said.Contact))
	_, err = e.Correct(t.Context(), d.tenant, "user:i|lea", said.Contact, id, "S")
	require.ErrorIs(t, err, memory.ErrFactNotFound, "what holds no more is not corrected")
	require.NoError(t, e.Erase(t.Context(), d.tenant, "user:i|lea", said.Contact, f.ID))
	require.Empty(t, d.holds(said.Contact))
	require.Equal(t, []string{"size = L"}, d.holds(other.Contact))
}

func TestMergedContactsAreRememberedAsOnePersonUntilTheyAreNot(t *testing.T) {
	t.Parallel()
	d := openDesk(t, postgrestest.Open(t))
	one := d.says(sara, "My size is M. I'm vegetarian").Contact
	two := d.says(omar, "My size is L").Contact
	_, err := d.whatsapp.MergeContacts(t.Context(), d.tenant, flomastr.ActorSystem, one, two)
	require.NoError(t, err)
	for _, c := range []flomastr.ContactID{one, two} {
		require.ElementsMatch(t, []string{"size = L", "diet = vegetarian"}, d.holds(c), "the newer word holds")
	}
	_, err = d.whatsapp.UnmergeContact(t.Context(), d.tenant, flomastr.ActorSystem, two)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"size = M", "diet = vegetarian"}, d.holds(one))
	require.Equal(t, []string{"size = L"}, d.holds(two))
}

func TestAContactThatIsErasedIsForgotten(t *testing.T) {
	t.Parallel()
	d := openDesk(t, postgrestest.Open(t))
	said := d.says(sara, "My size is M")
	require.NoError(t, d.db.InTenant(t.Context(), d.tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `DELETE FROM contacts WHERE tenant_id = $1 AND id = $2`, d.tenant, said.Contact)
		return err
	}))
	require.NoError(t, d.db.InTenant(t.Context(), d.tenant, func(tx pgx.Tx) error {
		var n int
		err := tx.QueryRow(t.Context(), `SELECT count(*) FROM memories`).Scan(&n)
		require.Zero(t, n)
		return err
	}))
}

func TestWhatIsOldIsForgotten(t *testing.T) {
	t.Parallel()
	d := openDesk(t, postgrestest.Open(t))
	said := d.says(sara, "My size is M")
	d.says(sara, "I'm vegetarian")
	d.says(sara, "I'm no longer vegetarian")
	now := time.Now()
	require.NoError(t, d.memory.ForgetOld(t.Context(), now.Add(-time.Hour), now.Add(time.Hour)))
	list, _, err := d.engine().Facts(t.Context(), d.tenant, said.Contact)
	require.NoError(t, err)
	require.Len(t, list, 1, "what ended is forgotten first")
	require.NoError(t, d.memory.ForgetOld(t.Context(), now.Add(time.Hour), now))
	require.Empty(t, d.holds(said.Contact))
}
