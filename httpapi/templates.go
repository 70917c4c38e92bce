package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

// Templates is what the door asks of the engine about templates.
type Templates interface {
	TemplateChannels(ctx context.Context, tenant flomastr.TenantID) ([]whatsapp.TemplateChannel, error)
	Templates(ctx context.Context, tenant flomastr.TenantID, page whatsapp.TemplatePage) ([]whatsapp.KnownTemplate, string, error)
	Template(ctx context.Context, tenant flomastr.TenantID, id flomastr.TemplateID) (whatsapp.KnownTemplate, error)
	CreateTemplate(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, channel flomastr.ChannelID, t whatsapp.TemplateState) (whatsapp.KnownTemplate, error)
	SubmitTemplate(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.TemplateID) (whatsapp.KnownTemplate, error)
	DeleteTemplate(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.TemplateID) error
	ReadTemplates(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID) (whatsapp.TemplateReading, error)
	ShowTemplate(ctx context.Context, tenant flomastr.TenantID, id flomastr.TemplateID, values whatsapp.Template) (whatsapp.ShownTemplate, string, error)
}

// TemplateDraft is a template as its author writes it. (Exported because huma leaves embedded fields of other types out.)
type TemplateDraft struct {
	Name     string           `json:"name" minLength:"1" maxLength:"512" pattern:"^[a-z0-9_]+$" example:"order_ready"`
	Language string           `json:"language" minLength:"2" maxLength:"20" example:"en_US"`
	Category string           `json:"category" enum:"marketing,utility,authentication" doc:"Advertising does not go to somebody who takes none"`
	Header   *templateHeader  `json:"header,omitempty"`
	Body     string           `json:"body" minLength:"1" maxLength:"1024" doc:"With {{1}}, {{2}}, … where values go" example:"Hello {{1}}, your order is ready."`
	Footer   string           `json:"footer,omitempty" maxLength:"60"`
	Buttons  []templateChoice `json:"buttons,omitempty" maxItems:"10"`
	Examples []string         `json:"examples,omitempty" maxItems:"50" doc:"One for each placeholder of the body, in order"`
}

type templateHeader struct {
	Kind    string `json:"kind" enum:"text,image,video,document,location"`
	Text    string `json:"text,omitempty" maxLength:"60" doc:"With at most one placeholder"`
	Example string `json:"example,omitempty" maxLength:"2048" doc:"Of the placeholder, or of the file: what the provider wants to see"`
}

type templateChoice struct {
	Kind    string `json:"kind" enum:"quick_reply,url,phone_number,copy_code"`
	Text    string `json:"text,omitempty" maxLength:"25"`
	Value   string `json:"value,omitempty" maxLength:"2000" doc:"The link, which may end in {{1}}, or the number"`
	Example string `json:"example,omitempty" maxLength:"2048" doc:"Of the link's placeholder, or of the code"`
}

func (d TemplateDraft) state() whatsapp.TemplateState {
	out := whatsapp.TemplateState{Name: d.Name, Language: d.Language, Category: d.Category, Body: d.Body, Footer: d.Footer, Examples: d.Examples}
	if d.Header != nil {
		out.Header = new(whatsapp.TemplateHeader(*d.Header))
	}
	for _, b := range d.Buttons {
		out.Buttons = append(out.Buttons, whatsapp.TemplateChoice(b))
	}
	return out
}

// templateView is a template as its provider keeps it, as far as we know. What others made of it at the provider may be
// anything, so its words are not held to the enums of a draft.
type templateView struct {
	ID         flomastr.TemplateID `json:"id" format:"uuid"`
	ChannelID  flomastr.ChannelID  `json:"channel_id" format:"uuid"`
	ProviderID string              `json:"provider_id,omitempty" doc:"As the provider names it"`
	Name       string              `json:"name"`
	Language   string              `json:"language"`
	Category   string              `json:"category" example:"utility" doc:"marketing, utility or authentication, as WhatsApp sees it"`
	Status     string              `json:"status" example:"approved" doc:"draft until it is submitted; then WhatsApp's word: pending, approved, rejected, paused, disabled, …"`
	Sendable   bool                `json:"sendable"`
	Quality    string              `json:"quality,omitempty"`
	Reason     string              `json:"reason,omitempty" doc:"Why it was rejected or paused"`
	Header     *keptHeader         `json:"header,omitempty"`
	Body       string              `json:"body"`
	Footer     string              `json:"footer,omitempty"`
	Buttons    []keptButton        `json:"buttons"`
	Examples   []string            `json:"examples"`
	CreatedAt  time.Time           `json:"created_at"`
	UpdatedAt  time.Time           `json:"updated_at" doc:"When we last heard of it"`
}

type keptHeader struct {
	Kind    string `json:"kind" example:"text"`
	Text    string `json:"text,omitempty"`
	Example string `json:"example,omitempty"`
}

type keptButton struct {
	Kind    string `json:"kind" example:"quick_reply"`
	Text    string `json:"text"`
	Value   string `json:"value,omitempty"`
	Example string `json:"example,omitempty"`
}

func templateOf(t whatsapp.KnownTemplate) templateView {
	out := templateView{
		ID: t.TemplateID, ChannelID: t.Channel, ProviderID: t.ID, Name: t.Name, Language: t.Language, Category: t.Category, Status: t.Status,
		Sendable: t.Sendable(), Quality: t.Quality, Reason: t.Reason, Body: t.Body, Footer: t.Footer,
		Buttons: []keptButton{}, Examples: append([]string{}, t.Examples...), CreatedAt: t.CreatedAt, UpdatedAt: t.ChangedAt,
	}
	if t.Header != nil {
		out.Header = new(keptHeader(*t.Header))
	}
	for _, b := range t.Buttons {
		out.Buttons = append(out.Buttons, keptButton(b))
	}
	return out
}

type templateChannelsOutput struct {
	Body struct {
		Channels []templateChannel `json:"channels"`
	}
}

// templateChannel is a number as far as its templates are concerned.
type templateChannel struct {
	ID       flomastr.ChannelID `json:"id" format:"uuid"`
	Provider string             `json:"provider"`
	Name     string             `json:"name"`
	Number   string             `json:"number"`
	SyncedAt *time.Time         `json:"synced_at,omitempty" doc:"When the provider's list was last read"`
	Error    string             `json:"error,omitempty" doc:"Why the last reading failed, in a sentence"`
}

// templateChannels lists the numbers that have templates, and how reading them goes.
func (a *API) templateChannels(ctx context.Context, call Call, _ *TenantIDPath) (*templateChannelsOutput, error) {
	list, err := a.deps.WhatsApp.TemplateChannels(ctx, call.Tenant.ID)
	if err != nil {
		return nil, err
	}
	out := &templateChannelsOutput{}
	out.Body.Channels = make([]templateChannel, len(list))
	for i, c := range list {
		out.Body.Channels[i] = templateChannel{c.Channel, c.Provider, c.Name, c.Number, given(c.ReadAt), c.Error}
	}
	return out, nil
}

type templateListInput struct {
	TenantIDPath
	PageCursor
	ChannelID string `query:"channel_id" maxLength:"36" doc:"Of one number only"`
	Status    string `query:"status" maxLength:"60" example:"approved"`
	Search    string `query:"search" maxLength:"100" doc:"In the name"`
	Limit     int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type templateListOutput struct {
	Body struct {
		Templates  []templateView `json:"templates"`
		NextCursor string         `json:"next_cursor,omitempty"`
	}
}

func (o *templateListOutput) next() *string { return &o.Body.NextCursor }

// templateList lists by name and language.
func (a *API) templateList(ctx context.Context, call Call, in *templateListInput) (*templateListOutput, error) {
	channel, err := channelNamed(in.ChannelID)
	if err != nil {
		return nil, err
	}
	list, next, err := a.deps.WhatsApp.Templates(ctx, call.Tenant.ID, whatsapp.TemplatePage{
		Channel: channel, Status: in.Status, Search: in.Search, Limit: in.Limit, Cursor: in.Cursor,
	})
	if err != nil {
		return nil, err
	}
	out := &templateListOutput{}
	out.Body.NextCursor, out.Body.Templates = next, make([]templateView, len(list))
	for i, t := range list {
		out.Body.Templates[i] = templateOf(t)
	}
	return out, nil
}

// channelNamed reads a channel's id where one is given; the engine takes the tenant's first otherwise.
func channelNamed(id string) (flomastr.ChannelID, error) {
	if id == "" {
		return flomastr.ChannelID{}, nil
	}
	channel, err := flomastr.ParseID[flomastr.ChannelID](id)
	if err != nil {
		return channel, whatsapp.ErrChannelNotFound
	}
	return channel, nil
}

// TemplatePath names a template of a tenant.
type TemplatePath struct {
	TenantIDPath
	ID string `path:"id" format:"uuid"`
}

func (in TemplatePath) id() (flomastr.TemplateID, error) {
	id, err := flomastr.ParseID[flomastr.TemplateID](in.ID)
	if err != nil {
		return id, whatsapp.ErrTemplateNotFound
	}
	return id, nil
}

type templateOutput struct{ Body templateView }

func (a *API) templateGet(ctx context.Context, call Call, in *TemplatePath) (*templateOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	t, err := a.deps.WhatsApp.Template(ctx, call.Tenant.ID, id)
	return &templateOutput{templateOf(t)}, err
}

type templateCreateInput struct {
	TenantIDPath
	Body struct {
		ChannelID string `json:"channel_id,omitempty" format:"uuid" doc:"The tenant's first active channel otherwise"`
		TemplateDraft
	}
}

// templateCreate keeps a draft; nobody hears of it until it is submitted.
func (a *API) templateCreate(ctx context.Context, call Call, in *templateCreateInput) (*templateOutput, error) {
	channel, err := channelNamed(in.Body.ChannelID)
	if err != nil {
		return nil, err
	}
	t, err := a.deps.WhatsApp.CreateTemplate(ctx, call.Tenant.ID, call.Caller.Actor(), channel, in.Body.state())
	return &templateOutput{templateOf(t)}, err
}

// templateSubmit asks WhatsApp for its approval, through the provider.
func (a *API) templateSubmit(ctx context.Context, call Call, in *TemplatePath) (*templateOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	t, err := a.deps.WhatsApp.SubmitTemplate(ctx, call.Tenant.ID, call.Caller.Actor(), id)
	return &templateOutput{templateOf(t)}, err
}

// templateDelete removes a draft here, and anything else at the provider in all the languages of its name.
func (a *API) templateDelete(ctx context.Context, call Call, in *TemplatePath) (*struct{}, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return nil, a.deps.WhatsApp.DeleteTemplate(ctx, call.Tenant.ID, call.Caller.Actor(), id)
}

type templateSyncInput struct {
	TenantIDPath
	Body *struct {
		ChannelID string `json:"channel_id,omitempty" format:"uuid" doc:"The tenant's first active channel otherwise"`
	}
}

type templateSyncOutput struct {
	Body struct {
		SyncedAt *time.Time `json:"synced_at,omitempty" doc:"When the provider's list was last read"`
		Error    string     `json:"error,omitempty" doc:"Why the last reading failed, in a sentence"`
	}
}

// templateSync reads the provider's list now. It is also read every hour, and whenever a webhook or a refused send gives
// reason to.
func (a *API) templateSync(ctx context.Context, call Call, in *templateSyncInput) (*templateSyncOutput, error) {
	var channel flomastr.ChannelID
	if in.Body != nil {
		var err error
		if channel, err = channelNamed(in.Body.ChannelID); err != nil {
			return nil, err
		}
	}
	reading, err := a.deps.WhatsApp.ReadTemplates(ctx, call.Tenant.ID, channel)
	if err != nil {
		return nil, err
	}
	out := &templateSyncOutput{}
	out.Body.SyncedAt, out.Body.Error = given(reading.ReadAt), reading.Error
	return out, nil
}

type templatePreviewInput struct {
	TemplatePath
	Body *TemplateValues
}

type templatePreviewOutput struct {
	Body struct {
		Header  string   `json:"header,omitempty"`
		Body    string   `json:"body"`
		Footer  string   `json:"footer,omitempty"`
		Buttons []string `json:"buttons" doc:"Their texts"`
		Problem string   `json:"problem,omitempty" doc:"Why it could not be sent like this, in a sentence"`
	}
}

// templatePreview shows what a customer would see.
func (a *API) templatePreview(ctx context.Context, call Call, in *templatePreviewInput) (*templatePreviewOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	var values whatsapp.Template
	if in.Body != nil {
		values = in.Body.template("", "")
	}
	shown, problem, err := a.deps.WhatsApp.ShowTemplate(ctx, call.Tenant.ID, id, values)
	if err != nil {
		return nil, err
	}
	out := &templatePreviewOutput{}
	out.Body.Header, out.Body.Body, out.Body.Footer, out.Body.Problem = shown.Header, shown.Body, shown.Footer, problem
	out.Body.Buttons = append([]string{}, shown.Buttons...)
	return out, nil
}

// TemplateValues are what goes into a template, exported for the same reason.
type TemplateValues struct {
	Placeholders []string              `json:"placeholders,omitempty" maxItems:"50" doc:"In order, for the template's body"`
	HeaderText   string                `json:"header_text,omitempty" maxLength:"60" doc:"For the placeholder of its header"`
	HeaderMedia  *outgoingMedia        `json:"header_media,omitempty" doc:"The file of its header: an image, a video or a document"`
	Buttons      []templateButtonValue `json:"buttons,omitempty" maxItems:"10" doc:"For the buttons that take a value"`
}

type templateButtonValue struct {
	Kind  string `json:"kind" enum:"quick_reply,url,copy_code"`
	Index int    `json:"index" minimum:"0" maximum:"9" doc:"Of the button among all of the template's, from 0"`
	Value string `json:"value" minLength:"1" maxLength:"2000" doc:"What is sent back by a quick reply, the end of a link, or the code"`
}

func (v TemplateValues) template(name, language string) whatsapp.Template {
	out := whatsapp.Template{Name: name, Language: language, Placeholders: v.Placeholders, HeaderText: v.HeaderText}
	if v.HeaderMedia != nil {
		out.HeaderMedia = v.HeaderMedia.media()
	}
	for _, b := range v.Buttons {
		out.Buttons = append(out.Buttons, whatsapp.TemplateButton(b))
	}
	return out
}
