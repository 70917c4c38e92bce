package tenant

import (
	"context"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// Profile is who a tenant is, by its own word. Every field may be empty.
type Profile struct {
	Company   string
	Industry  string
	Size      string // one of Sizes
	TimeZone  string // IANA; the tenant's own
	Primary   Contact
	Billing   Contact
	Technical Contact
	Domain    Domain // zero without one
}

// Contact is a person of a tenant whom the platform's operator may reach.
type Contact struct {
	Name  string
	Email string
	Phone string // E.164
}

// Sizes are what a tenant may say of how many people it has.
func Sizes() []string { return []string{"1-10", "11-50", "51-200", "201-1000", "1000+"} }

// ProfileStore keeps profiles. Each method is one commit, and writes its line of the audit log in it.
type ProfileStore interface {
	// Profile of a tenant that never said anything holds its time zone alone.
	Profile(ctx context.Context, tenant flomastr.TenantID) (Profile, error)
	// ChangeProfile reads, lets change judge and alter, and writes. Another domain is a new claim, under token.
	ChangeProfile(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, token string, change func(Profile) (Profile, error)) (Profile, error)
}

// ErrProfile says that a field of a profile cannot be used.
var ErrProfile = flomastr.Errorf(flomastr.Invalid, "profile_invalid", "A field of the profile cannot be used.")

// clean checks every field that people write and brings it into its one form.
func (p *Profile) clean() error {
	var err error
	if p.Company, err = line(p.Company, "company", 200); err != nil {
		return err
	}
	if p.Industry, err = line(p.Industry, "industry", 100); err != nil {
		return err
	}
	if p.Size != "" && !slices.Contains(Sizes(), p.Size) {
		return ErrProfile.Field("body.size", strings.Join(Sizes(), ", "))
	}
	for _, contact := range []struct {
		name string
		is   *Contact
	}{{"primary", &p.Primary}, {"billing", &p.Billing}, {"technical", &p.Technical}} {
		if err := contact.is.clean("contacts." + contact.name + "."); err != nil {
			return err
		}
	}
	return nil
}

var (
	phoneForm  = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	phoneNoise = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "", "/", "")
)

func (c *Contact) clean(field string) error {
	var err error
	if c.Name, err = line(c.Name, field+"name", 120); err != nil {
		return err
	}
	c.Email = strings.TrimSpace(c.Email)
	if c.Email != "" {
		address, err := mail.ParseAddress(c.Email)
		if err != nil || address.Address != c.Email || len(c.Email) > 254 || strings.ContainsFunc(c.Email, notPrintableASCII) {
			return ErrProfile.Field("body."+field+"email", "an e-mail address")
		}
	}
	c.Phone = phoneNoise.Replace(strings.TrimSpace(c.Phone))
	if c.Phone != "" && !phoneForm.MatchString(c.Phone) {
		return ErrProfile.Field("body."+field+"phone", "a number with its country, such as +44 20 7946 0000")
	}
	return nil
}

func notPrintableASCII(r rune) bool { return r <= ' ' || r > '~' }

// line brings a short text into one line without disguises.
func line(text, field string, most int) (string, error) {
	text = strings.Join(strings.Fields(text), " ")
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > most {
		return "", ErrProfile.Field("body."+field, "is too long")
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
		return "", ErrProfile.Field("body."+field, "no control characters")
	}
	return text, nil
}
