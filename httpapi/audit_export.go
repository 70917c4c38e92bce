package httpapi

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
)

// AuditExport asks for all of a log that the filter lets through.
type AuditExport struct {
	AuditFilter
	Format string `query:"format" enum:"csv,jsonl" default:"csv"`
}

type auditTenantExport struct {
	TenantIDPath
	AuditExport
}

func (a *API) auditLogExport(ctx context.Context, call Call, in *auditTenantExport) (*huma.StreamResponse, error) {
	return a.exportAudit(ctx, call, call.Tenant.ID, in.AuditExport)
}

func (a *API) platformAuditLogExport(ctx context.Context, call Call, in *AuditExport) (*huma.StreamResponse, error) {
	return a.exportAudit(ctx, call, flomastr.TenantID{}, *in)
}

// exportPage is how many lines are read at once: an export of any length takes the memory of one page, and holds no
// transaction open while a slow reader takes its time.
const exportPage = 500

// exportAudit notes the export in the log that it reads, and then streams it, newest line first.
func (a *API) exportAudit(ctx context.Context, call Call, tenant flomastr.TenantID, in AuditExport) (*huma.StreamResponse, error) {
	err := a.deps.Audit.Record(ctx, audit.Record{
		Tenant: tenant, Actor: call.Caller.Actor(), Action: "audit_log.exported", Object: "audit_log",
		Detail: map[string]string{"format": in.Format, "actor": in.Actor, "action": in.Action, "object": in.Object, "from": moment(in.From), "to": moment(in.To)},
	})
	if err != nil {
		return nil, err
	}
	query := in.query()
	query.Limit = exportPage
	page, err := a.deps.Audit.Lines(ctx, tenant, query)
	if err != nil {
		return nil, err // before anything is on its way
	}
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		kind, write := "text/csv; charset=utf-8", writeCSV
		if in.Format == "jsonl" {
			kind, write = "application/jsonl", writeJSONL
		}
		hctx.SetHeader("Content-Type", kind)
		hctx.SetHeader("Content-Disposition", `attachment; filename="audit-log.`+in.Format+`"`)
		for first := true; ; first = false {
			if err := write(hctx.BodyWriter(), page, first); err != nil || len(page) < exportPage {
				return // the reader has gone, or has everything
			}
			last := page[len(page)-1]
			query.After = audit.Mark{At: last.At, ID: last.ID}
			var err error
			if page, err = a.deps.Audit.Lines(hctx.Context(), tenant, query); err != nil {
				// A cut connection is the one way left to say that this is not all.
				a.log.ErrorContext(hctx.Context(), "export of the audit log", "error", err)
				panic(http.ErrAbortHandler)
			}
		}
	}}, nil
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func writeJSONL(w io.Writer, page []audit.Line, _ bool) error {
	out := json.NewEncoder(w)
	for _, l := range page {
		if err := out.Encode(auditLineOf(l)); err != nil {
			return err
		}
	}
	return nil
}

func writeCSV(w io.Writer, page []audit.Line, first bool) error {
	out := csv.NewWriter(w)
	if first {
		_ = out.Write([]string{"seq", "at", "actor", "impersonator", "action", "object", "outcome", "request_id", "detail", "id", "prev", "hash"})
	}
	for _, l := range page {
		line := auditLineOf(l)
		detail, err := json.Marshal(line.Detail)
		if err != nil {
			return err
		}
		cells := []string{
			strconv.FormatInt(line.Seq, 10), line.At.Format(time.RFC3339Nano), line.Actor, line.Impersonator, line.Action, line.Object,
			string(line.Outcome), line.RequestID, string(detail), line.ID.String(), line.Prev, line.Hash,
		}
		for i, cell := range cells {
			cells[i] = inert(cell)
		}
		_ = out.Write(cells) // Flush and Error say what went wrong
	}
	out.Flush()
	return out.Error()
}

// inert keeps a spreadsheet from taking a cell for a formula.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
