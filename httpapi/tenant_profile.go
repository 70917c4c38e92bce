package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/tenant"
)

// Profiles is what the door asks about who tenants are.
type Profiles interface {
	Profile(ctx context.Context, tenant flomastr.TenantID) (tenant.Profile, error)
	Change(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, change func(*tenant.Profile)) (tenant.Profile, error)
	Verify(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID) (tenant.Domain, error)
}

// ContactFields is a person whom the platform's operator may reach.
type ContactFields struct {
	Name  string `json:"name,omitempty" maxLength:"200"`
	Email string `json:"email,omitempty" maxLength:"254"`
	Phone string `json:"phone,omitempty" maxLength:"40" doc:"With the country: +44 20 7946 0000; answered as E.164"`
}

// ContactsFields are the people of a tenant; one that is left out stays as it is.
type ContactsFields struct {
	Primary   *ContactFields `json:"primary,omitempty"`
	Billing   *ContactFields `json:"billing,omitempty"`
	Technical *ContactFields `json:"technical,omitempty"`
}

// ProfileFields is what a tenant may say of itself, in requests; a field that is left out stays as it is.
type ProfileFields struct {
	Company  *string         `json:"company,omitempty" maxLength:"300" doc:"The company's legal name"`
	Industry *string         `json:"industry,omitempty" maxLength:"200"`
	Size     *string         `json:"size,omitempty" enum:"1-10,11-50,51-200,201-1000,1000+," doc:"How many people it has"`
	Contacts *ContactsFields `json:"contacts,omitempty"`
}

func (f ProfileFields) apply(p *tenant.Profile) {
	set := func(to *string, from *string) {
		if from != nil {
			*to = *from
		}
	}
	set(&p.Company, f.Company)
	set(&p.Industry, f.Industry)
	set(&p.Size, f.Size)
	if f.Contacts == nil {
		return
	}
	reach := func(to *tenant.Contact, from *ContactFields) {
		if from != nil {
			*to = tenant.Contact(*from)
		}
	}
	reach(&p.Primary, f.Contacts.Primary)
	reach(&p.Billing, f.Contacts.Billing)
	reach(&p.Technical, f.Contacts.Technical)
}

type domainBody struct {
	Domain     string     `json:"domain"`
	Verified   bool       `json:"verified" doc:"Proven by the record; only then is the domain served"`
	VerifiedAt *time.Time `json:"verified_at,omitempty"`
	CheckedAt  *time.Time `json:"checked_at,omitempty" doc:"When DNS last gave a definite answer"`
	Record     dnsRecord  `json:"record" doc:"What to put into DNS"`
}

type dnsRecord struct {
	Type  string `json:"type" example:"TXT"`
	Name  string `json:"name" example:"_flomastr.chat.example.com"`
	Value string `json:"value"`
}

func domainOut(d tenant.Domain) *domainBody {
	if d.Name == "" {
		return nil
	}
	name, value := d.Record()
	return &domainBody{
		Domain: d.Name, Verified: d.VerifiedAt != nil, VerifiedAt: d.VerifiedAt, CheckedAt: d.CheckedAt,
		Record: dnsRecord{Type: "TXT", Name: name, Value: value},
	}
}

type profileOutput struct {
	Body struct {
		TenantID flomastr.TenantID `json:"tenant_id" format:"uuid"`
		Company  string            `json:"company"`
		Industry string            `json:"industry"`
		Size     string            `json:"size" enum:"1-10,11-50,51-200,201-1000,1000+,"`
		TimeZone string            `json:"time_zone"`
		Contacts struct {
			Primary   ContactFields `json:"primary"`
			Billing   ContactFields `json:"billing"`
			Technical ContactFields `json:"technical"`
		} `json:"contacts"`
		CustomDomain string      `json:"custom_domain"`
		Domain       *domainBody `json:"domain,omitempty"`
	}
}

func profileOut(id flomastr.TenantID, p tenant.Profile) *profileOutput {
	out := &profileOutput{}
	b := &out.Body
	b.TenantID, b.Company, b.Industry, b.Size, b.TimeZone = id, p.Company, p.Industry, p.Size, p.TimeZone
	b.Contacts.Primary, b.Contacts.Billing, b.Contacts.Technical = ContactFields(p.Primary), ContactFields(p.Billing), ContactFields(p.Technical)
	b.CustomDomain, b.Domain = p.Domain.Name, domainOut(p.Domain)
	return out
}

func (a *API) profileGet(ctx context.Context, call Call, _ *struct{}) (*profileOutput, error) {
	profile, err := a.deps.Profiles.Profile(ctx, call.Tenant.ID)
	if err != nil {
		return nil, err
	}
	return profileOut(call.Tenant.ID, profile), nil
}

type profileInput struct {
	Body struct {
		TenantID string `json:"tenant_id,omitempty" maxLength:"63"`
		ProfileFields
		TimeZone     *string     `json:"time_zone,omitempty" maxLength:"64" doc:"IANA name"`
		CustomDomain *string     `json:"custom_domain,omitempty" maxLength:"255" doc:"A host of your own; another one is proven anew. Empty gives it up"`
		Domain       *domainBody `json:"domain,omitempty" readOnly:"true"`
	}
}

func (in *profileInput) namesTenant() string { return in.Body.TenantID }

func (a *API) profilePut(ctx context.Context, call Call, in *profileInput) (*profileOutput, error) {
	changed, err := a.deps.Profiles.Change(ctx, call.Caller.Actor(), call.Tenant.ID, func(p *tenant.Profile) {
		in.Body.apply(p)
		if in.Body.TimeZone != nil {
			p.TimeZone = *in.Body.TimeZone
		}
		if in.Body.CustomDomain != nil {
			p.Domain.Name = *in.Body.CustomDomain
		}
	})
	if err != nil {
		return nil, err
	}
	return profileOut(call.Tenant.ID, changed), nil
}

type domainOutput struct {
	Body struct {
		domainBody
		Message string `json:"message"`
	}
}

// domainVerify asks DNS now. That the record is not there yet is an answer, not a failure.
func (a *API) domainVerify(ctx context.Context, call Call, _ *struct{}) (*domainOutput, error) {
	domain, err := a.deps.Profiles.Verify(ctx, call.Caller.Actor(), call.Tenant.ID)
	if err != nil {
		return nil, err
	}
	out := &domainOutput{}
	if d := domainOut(domain); d != nil {
		out.Body.domainBody = *d
	}
	out.Body.Message = "The record is not there yet. DNS may need some minutes after you set it; then ask again."
	if out.Body.Verified {
		out.Body.Message = "The domain is proven and served. Keep the record: it is checked every day."
	}
	return out, nil
}
