package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/identity"
)

// resetToken is the token of a link that is mailed to an address.
func (h *house) resetToken(t *testing.T, email string) string {
	t.Helper()
	letter, err := h.provider.ResetLetter(t.Context(), identity.ResetMailArgs{Email: email, Language: "en"})
	require.NoError(t, err)
	token, ok := strings.CutPrefix(letter.Link, "http://localhost:8000/reset-password#")
	require.True(t, ok, letter.Link)
	return token
}

func (h *house) reset(t *testing.T, token, password string) answer {
	t.Helper()
	return h.call(t, "POST", "/auth/reset", "", fmt.Sprintf(`{"token":%q,"password":%q}`, token, password))
}

func TestAskingForANewPasswordLooksTheSameForEveryAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ask := func(email string) answer {
		return h.call(t, "POST", "/auth/reset-request", "", fmt.Sprintf(`{"email":%q}`, email), "Host", "evil.example")
	}
	known := ask(rootEmail)
	require.Equal(t, 202, known.Code, known.Body)
	unknown := ask("nobody@example.com")
	require.Equal(t, known.shape(), unknown.shape())
	require.Equal(t, known.shape(), ask("not an address").shape())
	var jobs, links int
	require.NoError(t, h.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `
			SELECT (SELECT count(*) FROM river.river_job WHERE kind = 'account.reset_mail'), (SELECT count(*) FROM password_resets)`).Scan(&jobs, &links)
	}))
	require.Equal(t, []int{2, 0}, []int{jobs, links}, "the request does the same work for both")
	_, err := h.provider.ResetLetter(t.Context(), identity.ResetMailArgs{Email: "nobody@example.com"})
	require.ErrorIs(t, err, identity.ErrNoAccount)
	mails := func(email string) (n int) {
		require.NoError(t, h.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
			return tx.QueryRow(t.Context(), `SELECT count(*) FROM river.river_job WHERE kind = 'account.reset_mail' AND args->>'email' = $1`, email).Scan(&n)
		}))
		return n
	}
	for _, email := range []string{rootEmail, "nobody@example.com"} {
		for range 12 {
			require.Equal(t, known.shape(), ask(email).shape(), "whoever asks again and again is told the same")
		}
		require.Equal(t, 3, mails(email))
	}
	later := func(counter string) {
		require.NoError(t, h.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `
				UPDATE sign_in_failures
				SET first_at = first_at - interval '16 minutes', blocked_until = blocked_until - interval '16 minutes'
				WHERE subject LIKE $1`, counter)
			return err
		}))
	}
	later("reset:%")
	require.Equal(t, known.shape(), ask(rootEmail).shape())
	require.Equal(t, 4, mails(rootEmail), "a quarter of an hour later, not a day")
	for i := range 30 {
		require.Equal(t, known.shape(), ask(fmt.Sprintf("p%d@example.com", i)).shape())
	}
	require.Zero(t, mails("p29@example.com"), "one network asks for so many and no more")
	later("reset-from:%")
	require.Equal(t, known.shape(), ask("p29@example.com").shape())
	require.Equal(t, 1, mails("p29@example.com"))
}

func TestANewPasswordIsChosenOnceWithTheLink(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	access := h.root(t)
	first, second := h.resetToken(t, rootEmail), h.resetToken(t, rootEmail)
	require.Equal(t, 422, h.reset(t, first, "short").Code)
	require.Equal(t, 422, h.reset(t, strings.Repeat("A", 43), newPassword).Code)
	got := h.reset(t, first, newPassword)
	require.Equal(t, 204, got.Code, got.Body)
	require.Empty(t, got.Header().Get("Set-Cookie"), "it signs nobody in")
	require.Equal(t, 401, h.call(t, "GET", "/routes/me/role", access, "").Code, "every session has ended")
	require.Equal(t, 401, h.signIn(t, rootEmail, goodPassword).Code)
	require.Equal(t, 200, h.signIn(t, rootEmail, newPassword).Code)
	for _, used := range []string{first, second} {
		again := h.reset(t, used, goodPassword)
		require.Equal(t, 422, again.Code)
		require.Equal(t, "reset_invalid", again.field("code"))
	}
	late := h.resetToken(t, rootEmail)
	require.NoError(t, h.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE password_resets SET expires_at = now()`)
		return err
	}))
	require.Equal(t, "reset_invalid", h.reset(t, late, goodPassword).field("code"))
}

func TestATokenThatIsNoTextIsRefusedUnread(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, token := range []string{`null`, `""`, `[]`, `{}`, `0`, `true`} {
		got := h.call(t, "POST", "/auth/reset", "", `{"token":`+token+`,"password":"`+newPassword+`"}`)
		require.Equal(t, 422, got.Code, token)
	}
	require.Equal(t, 422, h.call(t, "POST", "/auth/reset", "", `{"password":"`+newPassword+`"}`).Code)
	require.Equal(t, 413, h.call(t, "POST", "/auth/reset", "", `{"token":"x","password":"`+strings.Repeat("x", 1<<20)+`"}`).Code)
}

func TestALinkByMailVerifiesTheAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, owner := h.provision(t, h.root(t), "alpha")
	_, access := h.join(t, owner, "alpha", "sara@example.com", "member")
	require.Contains(t, h.call(t, "GET", "/routes/debug/jwt", access, "").field("read_as"), `"email_verified":false`)
	require.Equal(t, 204, h.reset(t, h.resetToken(t, "sara@example.com"), goodPassword).Code)
	access = h.signIn(t, "sara@example.com", goodPassword).field("access_token")
	require.Contains(t, h.call(t, "GET", "/routes/debug/jwt", access, "").field("read_as"), `"email_verified":true`)
}

// enrol turns a second factor on for the root account and gives its secret and recovery codes.
func (h *house) enrol(t *testing.T, access string) (secret string, codes []string) {
	t.Helper()
	got := h.call(t, "POST", "/auth/totp", access, fmt.Sprintf(`{"password":%q}`, goodPassword))
	require.Equal(t, 200, got.Code, got.Body)
	secret = got.field("secret")
	require.Contains(t, got.field("uri"), "otpauth://totp/FloMastr:"+rootEmail)
	confirmed := h.call(t, "POST", "/auth/totp/confirm", access, fmt.Sprintf(`{"otp":%q}`, code(t, secret, -1)))
	require.Equal(t, 200, confirmed.Code, confirmed.Body)
	require.NoError(t, json.Unmarshal([]byte(confirmed.field("recovery_codes")), &codes))
	require.Len(t, codes, 10)
	return secret, codes
}

// code is the code of so many periods from now.
func code(t *testing.T, secret string, periods int) string {
	t.Helper()
	text, err := totp.GenerateCode(secret, time.Now().Add(time.Duration(periods)*30*time.Second))
	require.NoError(t, err)
	return text
}

func (h *house) signInWith(t *testing.T, otp string) answer {
	t.Helper()
	return h.call(t, "POST", "/auth/sign-in", "", fmt.Sprintf(`{"email":%q,"password":%q,"otp":%q}`, rootEmail, goodPassword, otp))
}

func TestASecondFactorIsAskedForAndItsCodeGoodOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other := h.root(t)
	access := h.root(t)
	require.Equal(t, 403, h.call(t, "POST", "/auth/totp", access, `{"password":"wrong"}`).Code)
	require.Equal(t, 409, h.call(t, "POST", "/auth/totp/confirm", access, `{"otp":"123456"}`).Code)
	secret, codes := h.enrol(t, access)
	require.Equal(t, 401, h.call(t, "GET", "/routes/me/role", other, "").Code, "the other sessions have ended")
	require.Equal(t, 200, h.call(t, "GET", "/routes/me/role", access, "").Code)
	require.Equal(t, 409, h.call(t, "POST", "/auth/totp", access, fmt.Sprintf(`{"password":%q}`, goodPassword)).Code)
	require.Equal(t, "true", h.call(t, "GET", "/auth/totp", access, "").field("enabled"))

	asked := h.signIn(t, rootEmail, goodPassword)
	require.Equal(t, 401, asked.Code)
	require.Equal(t, "otp_required", asked.field("code"))
	require.Equal(t, "credentials_invalid", h.signIn(t, rootEmail, "wrong password").field("code"), "the password comes first")
	require.Equal(t, "otp_invalid", h.signInWith(t, "abcdef").field("code"))
	require.Equal(t, "otp_invalid", h.signInWith(t, code(t, secret, -20)).field("code"))
	now := code(t, secret, 1)
	require.Equal(t, 200, h.signInWith(t, now).Code)
	require.Equal(t, "otp_invalid", h.signInWith(t, now).field("code"), "replayed")
	require.Equal(t, 200, h.signInWith(t, strings.ToUpper(codes[0])).Code)
	require.Equal(t, "otp_invalid", h.signInWith(t, codes[0]).field("code"), "a recovery code is good once")
	require.Equal(t, "9", h.call(t, "GET", "/auth/totp", access, "").field("recovery_codes_left"))
	require.Equal(t, 204, h.reset(t, h.resetToken(t, rootEmail), newPassword).Code)
	require.Equal(t, "otp_required", h.signIn(t, rootEmail, newPassword).field("code"), "a new password is no way round")

	var stored string
	require.NoError(t, h.db.InPlatform(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT encode(sealed_secret, 'escape') FROM second_factors`).Scan(&stored)
	}))
	require.NotContains(t, stored, secret)
}

func TestCodesCannotBeTriedOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, codes := h.enrol(t, h.root(t))
	limited := false
	for range 8 {
		limited = limited || h.signInWith(t, "zzzzzz").Code == 429
	}
	require.True(t, limited)
	require.Equal(t, 429, h.signInWith(t, codes[0]).Code, "a good code waits as well")
}

func TestASecondFactorIsRemovedWithBoth(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	access := h.root(t)
	_, codes := h.enrol(t, access)
	remove := func(password, otp string) answer {
		return h.call(t, "POST", "/auth/totp/remove", access, fmt.Sprintf(`{"password":%q,"otp":%q}`, password, otp))
	}
	require.Equal(t, "password_wrong", remove("wrong", codes[0]).field("code"))
	require.Equal(t, "otp_wrong", remove(goodPassword, "000000x").field("code"))
	fresh := h.call(t, "POST", "/auth/totp/recovery-codes", access, fmt.Sprintf(`{"password":%q,"otp":%q}`, goodPassword, codes[1]))
	require.Equal(t, 200, fresh.Code, fresh.Body)
	require.Equal(t, "otp_wrong", remove(goodPassword, codes[2]).field("code"), "the old codes are gone")
	var replaced []string
	require.NoError(t, json.Unmarshal([]byte(fresh.field("recovery_codes")), &replaced))
	got := remove(goodPassword, replaced[0])
	require.Equal(t, 204, got.Code, got.Body)
	require.Equal(t, 200, h.signIn(t, rootEmail, goodPassword).Code)
	require.Equal(t, 409, remove(goodPassword, replaced[1]).Code)
}

func TestAPersonSeesAndEndsTheirSessions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, owner := h.provision(t, h.root(t), "alpha")
	in := h.call(t, "POST", "/auth/sign-in", "", fmt.Sprintf(`{"email":%q,"password":%q}`, rootEmail, goodPassword), "User-Agent", "Phone/1.0\x01")
	first, second, third := in.field("access_token"), h.root(t), h.root(t)
	list := func(bearer string) (ids map[bool][]string, devices string) {
		got := h.call(t, "GET", "/auth/sessions", bearer, "")
		require.Equal(t, 200, got.Code, got.Body)
		var body struct {
			Sessions []struct {
				ID, Device, Network string
				Current             bool
			}
		}
		require.NoError(t, json.Unmarshal(got.Body.Bytes(), &body))
		ids = map[bool][]string{}
		for _, s := range body.Sessions {
			require.NotEmpty(t, s.Network)
			ids[s.Current] = append(ids[s.Current], s.ID)
			devices += s.Device
		}
		return ids, devices
	}
	ids, devices := list(first)
	require.Len(t, ids[true], 1)
	require.Len(t, ids[false], 3)
	require.Equal(t, "Phone/1.0", devices)
	foreign, _ := list(owner)
	require.Equal(t, 404, h.call(t, "DELETE", "/auth/sessions/"+foreign[true][0], first, "").Code)
	mine, _ := list(second)
	require.Equal(t, 204, h.call(t, "DELETE", "/auth/sessions/"+mine[true][0], first, "").Code)
	require.Equal(t, 401, h.call(t, "GET", "/routes/me/role", second, "").Code)
	require.Equal(t, 404, h.call(t, "DELETE", "/auth/sessions/"+mine[true][0], first, "").Code)
	require.Equal(t, 204, h.call(t, "POST", "/auth/sessions/end-others", first, "").Code)
	require.Equal(t, 401, h.call(t, "GET", "/routes/me/role", third, "").Code)
	require.Equal(t, 200, h.call(t, "GET", "/routes/me/role", first, "").Code)
	require.Equal(t, 200, h.call(t, "GET", "/routes/me/role", owner, "").Code)
}
