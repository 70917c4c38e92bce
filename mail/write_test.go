package mail_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/mail"
	"github.com/flomastr/flomastr/secret"
)

const link = "https://app.example.com/invite/abc_DEF-123"

func letter(kind mail.Kind, language string) mail.Letter {
	return mail.Letter{Kind: kind, Language: language, To: "sara@example.com", Link: link, Until: time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)}
}

func TestEveryKindIsWrittenInEveryLanguage(t *testing.T) {
	t.Parallel()
	subjects := map[string]bool{}
	for _, kind := range []mail.Kind{mail.Invitation, mail.Reset} {
		for _, language := range []string{"en", "ar", "es", "pt", "hi"} {
			m, err := mail.Write(letter(kind, language), mail.Brand{Name: "Bright Smile"})
			require.NoError(t, err, "%s %s", kind, language)
			require.False(t, subjects[m.Subject], "%s %s says what another language says", kind, language)
			subjects[m.Subject] = true
			for _, form := range []string{m.Text, m.HTML} {
				require.Contains(t, form, link)
				require.Contains(t, form, "sara@example.com")
				require.Contains(t, form, "2026-12-01 09:00 UTC")
				require.NotContains(t, form, "{{")
			}
			direction := `dir="ltr"`
			if language == "ar" {
				direction = `dir="rtl"`
				require.Contains(t, m.Text, "\u2068sara@example.com\u2069", "a Latin address must not turn the sentence round")
			}
			require.Contains(t, m.HTML, `<html lang="`+language+`" `+direction)
			require.NotContains(t, m.Subject, "\n")
		}
	}
}

func TestAnUnknownLanguageReadsAsEnglish(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"", "tlh", "../words/invitation.ar"} {
		m, err := mail.Write(letter(mail.Invitation, language), mail.Brand{Name: "Bright Smile"})
		require.NoError(t, err)
		require.Equal(t, "Your invitation to Bright Smile", m.Subject)
	}
}

func TestWhatABusinessIsCalledStaysText(t *testing.T) {
	t.Parallel()
	m, err := mail.Write(letter(mail.Invitation, "en"), mail.Brand{
		Name: "<script>alert(1)</script> {{.Link}}\r\nBcc: all@example.com", Colour: "red;background:url(//evil.example)", LogoURL: "javascript:alert(1)",
	})
	require.NoError(t, err)
	require.NotContains(t, m.HTML, "<script")
	require.NotContains(t, m.HTML, "evil.example")
	require.NotContains(t, m.HTML, "javascript:")
	require.NotContains(t, m.HTML, "<img")
	require.Contains(t, m.HTML, "{{.Link}}", "a name is no template")
	require.NotContains(t, m.Subject, "\n")
	require.NotContains(t, m.FromName, "\n")
}

func TestAMailHasTheLookOfItsBusiness(t *testing.T) {
	t.Parallel()
	for colour, on := range map[string]string{"#000080": "#FFFFFF", "#FFEE00": "#000000"} {
		m, err := mail.Write(letter(mail.Invitation, "en"), mail.Brand{Name: "Bright Smile", Colour: colour, LogoURL: "https://cdn.example.com/logo.png?a=1&b=2"})
		require.NoError(t, err)
		require.Contains(t, m.HTML, "background:"+colour+";color:"+on)
		require.Contains(t, m.HTML, `src="https://cdn.example.com/logo.png?a=1&amp;b=2"`)
		require.Equal(t, "Bright Smile", m.FromName)
	}
}

func TestALinkLeadsToTheWeb(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "javascript:alert(1)", "/invite/abc", "mailto:a@b.example"} {
		l := letter(mail.Invitation, "en")
		l.Link = bad
		_, err := mail.Write(l, mail.Brand{})
		require.Error(t, err, bad)
	}
}

type shelf struct{ kept []mail.Kept }

func (s *shelf) Keep(_ context.Context, m mail.Kept) error { s.kept = append(s.kept, m); return nil }

func (s *shelf) KeptMails(context.Context, mail.ID, int) ([]mail.Kept, error) {
	return s.kept, nil
}

func (s *shelf) KeptMail(_ context.Context, id mail.ID) (mail.Kept, error) {
	for _, m := range s.kept {
		if m.ID == id {
			return m, nil
		}
	}
	return mail.Kept{}, mail.ErrNoMail
}

func TestAKeptMailIsReadableForTheKeyAlone(t *testing.T) {
	t.Parallel()
	keys, err := secret.Parse(secret.Generate())
	require.NoError(t, err)
	store := &shelf{}
	keeper := mail.NewKeeper(store, keys)
	engine := mail.New(mail.Deps{Carrier: keeper, From: "no-reply@example.com"})
	require.NoError(t, engine.Send(t.Context(), letter(mail.Reset, "en")))
	require.Len(t, store.kept, 1)
	require.NotContains(t, string(store.kept[0].Sealed), link)
	_, m, err := keeper.Read(t.Context(), store.kept[0].ID)
	require.NoError(t, err)
	require.Contains(t, m.Text, link)
	require.Equal(t, "FloMastr", m.FromName)

	moved := store.kept[0]
	moved.ID = flomastr.NewID[mail.ID]()
	store.kept = append(store.kept, moved)
	_, _, err = keeper.Read(t.Context(), moved.ID)
	require.Error(t, err, "a mail that was moved to another row does not open")
	_, _, err = keeper.Read(t.Context(), flomastr.NewID[mail.ID]())
	require.ErrorIs(t, err, mail.ErrNoMail)
	require.ErrorIs(t, mail.New(mail.Deps{}).Send(t.Context(), letter(mail.Reset, "en")), mail.ErrNoCarrier)
}
