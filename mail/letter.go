package mail

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
)

// Kind says what a mail is about; its words stand in words/{kind}.{language}.txt.
type Kind string

// The kinds of mail.
const (
	Invitation Kind = "invitation"
	Reset      Kind = "reset"
)

// Letter is what one mail has to say.
type Letter struct {
	Kind     Kind
	Language string            // a language that the words exist in; any other reads as English
	Tenant   flomastr.TenantID // whose look it has; zero is the platform's
	To       string            // one address
	Link     string            // where its button leads
	Until    time.Time         // when the link ends
}

// Brand is how a business looks in a mail.
type Brand struct {
	Name    string
	Colour  string // #RRGGBB; "" is the platform's
	LogoURL string // an absolute https address of a picture; "" shows the name alone
}

// Brands knows how a tenant looks.
type Brands interface {
	Brand(ctx context.Context, tenant flomastr.TenantID) (Brand, error)
}

// Message is a mail as it is carried.
type Message struct {
	Kind     Kind
	Tenant   flomastr.TenantID
	From     string // an address
	FromName string
	To       string
	Subject  string
	Text     string
	HTML     string
}

// Carrier takes a message to its receiver. A failure that trying again cannot mend is [ErrRefused]; any other may be
// tried again.
type Carrier interface {
	Carry(ctx context.Context, message Message) error
}

// ErrRefused says that the mail server will never take this mail.
var ErrRefused = flomastr.Errorf(flomastr.Upstream, "mail_refused", "The mail server refused this mail for good.")

// ErrNoCarrier says that this installation has no way to send a mail.
var ErrNoCarrier = flomastr.Errorf(flomastr.Unavailable, "mail_off", "This installation has no mail server.")

// Deps is what the engine needs.
type Deps struct {
	Brands  Brands
	Carrier Carrier // nil where there is no way for a mail to go
	From    string  // the platform's own address
}

// Engine writes and sends mails.
type Engine struct{ deps Deps }

// New makes the engine.
func New(deps Deps) *Engine { return &Engine{deps} }

// platform is how the platform itself looks.
func platform() Brand { return Brand{Name: "FloMastr", Colour: platformColour} }

const platformColour = "#009DEB"

// Send writes a letter and hands it to the carrier.
func (e *Engine) Send(ctx context.Context, letter Letter) error {
	if e.deps.Carrier == nil {
		return ErrNoCarrier
	}
	brand := platform()
	if !letter.Tenant.IsZero() {
		var err error
		if brand, err = e.deps.Brands.Brand(ctx, letter.Tenant); err != nil {
			return err
		}
	}
	message, err := Write(letter, brand)
	if err != nil {
		return err
	}
	message.From = e.deps.From
	return e.deps.Carrier.Carry(ctx, message)
}
