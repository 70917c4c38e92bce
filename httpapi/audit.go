package httpapi

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
)

// AuditLog is the record of what was done. Without a tenant it is the platform's.
type AuditLog interface {
	audit.Recorder
	Lines(ctx context.Context, tenant flomastr.TenantID, want audit.Query) ([]audit.Line, error)
	Verify(ctx context.Context, tenant flomastr.TenantID) (audit.Verdict, error)
}

// AuditFilter says which lines are wanted; it is the same for a page and for an export. Exported as [TenantIDPath] is.
type AuditFilter struct {
	Actor  string    `query:"actor" maxLength:"600" doc:"Who acted, or in whose place"`
	Action string    `query:"action" maxLength:"100" doc:"Such as channel.created, or channel for all that is done to channels"`
	Object string    `query:"object" maxLength:"600"`
	From   time.Time `query:"from" doc:"The first moment"`
	To     time.Time `query:"to" doc:"The first moment that is too late"`
}

func (f AuditFilter) query() audit.Query {
	return audit.Query{Actor: flomastr.Actor(f.Actor), Action: f.Action, Object: f.Object, From: f.From, Until: f.To}
}

// AuditPage asks for a page of a log.
type AuditPage struct {
	AuditFilter
	PageCursor
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type auditTenantInput struct {
	TenantIDPath
	AuditPage
}

type auditOutput struct {
	Body struct {
		Lines      []auditLine `json:"lines" doc:"Newest first"`
		NextCursor string      `json:"next_cursor,omitempty"`
	}
}

func (o *auditOutput) next() *string { return &o.Body.NextCursor }

type auditLine struct {
	ID           audit.LineID      `json:"id" format:"uuid"`
	Seq          int64             `json:"seq" doc:"The line's number; 0 for one from before the log was chained"`
	At           time.Time         `json:"at"`
	Actor        string            `json:"actor"`
	Impersonator string            `json:"impersonator,omitempty" doc:"Who acted in the actor's place"`
	Action       string            `json:"action"`
	Object       string            `json:"object"`
	Outcome      audit.Outcome     `json:"outcome" enum:"done,denied,failed"`
	RequestID    string            `json:"request_id"`
	Detail       map[string]string `json:"detail"`
	Prev         string            `json:"prev" doc:"The hash of the line before"`
	Hash         string            `json:"hash"`
}

func auditLineOf(l audit.Line) auditLine {
	return auditLine{
		ID: l.ID, Seq: l.Seq, At: l.At.UTC(), Actor: string(l.Actor), Impersonator: string(l.Impersonator), Action: l.Action, Object: l.Object,
		Outcome: l.Outcome, RequestID: l.RequestID, Detail: l.Detail, Prev: hex.EncodeToString(l.Prev), Hash: hex.EncodeToString(l.Hash),
	}
}

func (a *API) auditLog(ctx context.Context, call Call, in *auditTenantInput) (*auditOutput, error) {
	return a.auditPage(ctx, call.Tenant.ID, in.AuditPage)
}

func (a *API) platformAuditLog(ctx context.Context, _ Call, in *AuditPage) (*auditOutput, error) {
	return a.auditPage(ctx, flomastr.TenantID{}, *in)
}

func (a *API) auditPage(ctx context.Context, tenant flomastr.TenantID, in AuditPage) (*auditOutput, error) {
	query := in.query()
	var err error
	if query.After, err = auditMark(in.Cursor); err != nil {
		return nil, err
	}
	query.Limit = in.Limit + 1 // one more tells whether there is a next page
	lines, err := a.deps.Audit.Lines(ctx, tenant, query)
	if err != nil {
		return nil, err
	}
	out := &auditOutput{}
	if len(lines) > in.Limit {
		lines = lines[:in.Limit]
		last := lines[in.Limit-1]
		out.Body.NextCursor = fmt.Sprintf("%d %s", last.At.UnixMicro(), last.ID)
	}
	out.Body.Lines = make([]auditLine, len(lines))
	for i, l := range lines {
		out.Body.Lines[i] = auditLineOf(l)
	}
	return out, nil
}

func auditMark(place string) (audit.Mark, error) {
	if place == "" {
		return audit.Mark{}, nil
	}
	at, id, _ := strings.Cut(place, " ")
	micros, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return audit.Mark{}, badPlace(err)
	}
	line, err := flomastr.ParseID[audit.LineID](id)
	if err != nil {
		return audit.Mark{}, badPlace(err)
	}
	return audit.Mark{At: time.UnixMicro(micros), ID: line}, nil
}

type auditVerifyOutput struct {
	Body struct {
		Whole    bool        `json:"whole"`
		Lines    int64       `json:"lines" doc:"In the chain"`
		Past     int         `json:"past_lines" doc:"From before the log was chained; its first line vouches for them"`
		LastHash string      `json:"last_hash" doc:"Kept elsewhere, it proves later that the log still holds this line"`
		Break    *auditBreak `json:"break,omitempty"`
	}
}

type auditBreak struct {
	Seq    int64  `json:"seq" doc:"The first line that is wrong or missing; 0 for one outside of the chain"`
	ID     string `json:"id,omitempty"`
	Reason string `json:"reason"`
}

func (a *API) auditVerify(ctx context.Context, call Call, _ *TenantIDPath) (*auditVerifyOutput, error) {
	return a.auditVerdict(ctx, call.Tenant.ID)
}

func (a *API) platformAuditVerify(ctx context.Context, _ Call, _ *struct{}) (*auditVerifyOutput, error) {
	return a.auditVerdict(ctx, flomastr.TenantID{})
}

func (a *API) auditVerdict(ctx context.Context, tenant flomastr.TenantID) (*auditVerifyOutput, error) {
	verdict, err := a.deps.Audit.Verify(ctx, tenant)
	if err != nil {
		return nil, err
	}
	out := &auditVerifyOutput{}
	out.Body.Whole, out.Body.Lines, out.Body.Past = verdict.Break == nil, verdict.Lines, verdict.Past
	out.Body.LastHash = hex.EncodeToString(verdict.Hash)
	if b := verdict.Break; b != nil {
		out.Body.Break = &auditBreak{Seq: b.Seq, Reason: b.Why}
		if !b.Line.IsZero() {
			out.Body.Break.ID = b.Line.String()
		}
	}
	return out, nil
}
