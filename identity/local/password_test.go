package local

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNewPasswordsAreLongAndHardToGuess(t *testing.T) {
	t.Parallel()
	for password, good := range map[string]bool{
		"Otter Lamp Ferry Quilt":             true,
		"mauve-tractor-94-lantern":           true,
		"      x9!k Qz3 mW7":                 true,
		"пять жирных котов":                  true,
		"🦦🐧🦉🐙🦔🐢🦎🐍🦖🦕🐳🐬🦭🐟🐠":                    true,
		strings.Repeat("Otter ", 5):          false, // one word said five times
		"fourteen chars":                     false,
		"passwordpassword":                   false,
		"Password12345678":                   false,
		"P@ssw0rdP@ssw0rd!":                  false,
		"FloMastrFloMastr":                   false,
		"whappstream2026!!":                  false,
		"aaaaaaaaaaaaaaaa":                   false,
		"abababababababab":                   false,
		"1234567890123456":                   false,
		"9876543210987654":                   false,
		"qwertyuiopasdfghjkl":                false,
		"abcdefghijklmnop":                   false,
		"iloveyou iloveyou":                  false, //nolint:dupword // that is the point
		"correcthorsebatterystaple":          false,
		"sara.example sara":                  false, // the account's own address
		"Otter Lamp\nFerry Quilt":            false,
		"Otter Lamp\xff Ferry":               false,
		strings.Repeat("Otter", 30):          false,
		"Otter Lamp Ferry" + string(rune(0)): false,
	} {
		err := checkNew("body.new", password, "sara@example.com")
		if good {
			require.NoError(t, err, "%q", password)
			continue
		}
		require.ErrorIs(t, err, ErrPassword, "%q", password)
		require.NotContains(t, err.Error(), password)
	}
	long := strings.Repeat("a7#kQ!zR", 16) // 128 characters
	require.ErrorIs(t, checkNew("body.new", long+"x", ""), ErrPassword)
	require.ErrorIs(t, checkNew("body.new", strings.Repeat("x", 1<<20), ""), ErrPassword)
}

func TestMadePasswordsAreGoodAndDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 500 {
		password := NewPassword()
		require.NoError(t, checkNew("body.new", password, ""), password)
		require.False(t, seen[password])
		seen[password] = true
	}
}

func TestPresentedPasswordsAreBoundedBeforeHashing(t *testing.T) {
	t.Parallel()
	require.True(t, usable("x"))
	require.True(t, usable(strings.Repeat("é", 128)))
	require.False(t, usable(""))
	require.False(t, usable(strings.Repeat("x", 129)))
	require.False(t, usable(strings.Repeat("x", 1<<20)))
	require.False(t, usable("\xff"))
}

func TestNetworksGroupWhatOnePartyHolds(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"203.0.113.7":        "203.0.113.7",
		"::ffff:203.0.113.7": "203.0.113.7",
		"2001:db8:1:2::3":    "2001:db8:1:2::/64",
		"2001:db8:1:2:ff::9": "2001:db8:1:2::/64",
		"2001:db8:1:3::3":    "2001:db8:1:3::/64",
		"fe80::1%eth0":       "fe80::/64",
		"":                   "unknown",
		"nonsense":           "unknown",
	} {
		require.Equal(t, want, networkOf(ip))
	}
}

func FuzzGuessableNeverPanicsAndNeverPassesShortRepeats(f *testing.F) {
	f.Add("ab")
	f.Add("ſtraße")
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, unit string) {
		if unit == "" || len(unit) > 5 {
			return
		}
		password := strings.Repeat(unit, 25)
		if checkNew("body.new", password, "") == nil {
			t.Fatalf("%q", password)
		}
	})
}
