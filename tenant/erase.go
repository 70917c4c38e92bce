package tenant

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

type erasureNoun struct{}

// ErasureID names one erasure. It is not the tenant's id, so that what is queued to finish the erasure holds no trace of
// the tenant.
type ErasureID = flomastr.ID[erasureNoun]

// Erasure is what is known of a tenant that is being erased, and all that stays of one that was.
type Erasure struct {
	ID          ErasureID
	Tenant      flomastr.TenantID
	Slug        string
	Reason      string
	RequestedBy string
	StartedAt   time.Time
	FinishedAt  *time.Time
	Rows        map[string]int64 // erased, by table
	Report      []byte           // signed; nil until it is finished
}

// FinishErasureArgs is the job that takes the steps of an erasure after its rows are gone.
type FinishErasureArgs struct {
	Erasure ErasureID `json:"erasure_id"`
}

// Kind names the job in the queue.
func (FinishErasureArgs) Kind() string { return "tenant.finish_erasure" }

// The ways in which a tenant cannot be erased.
var (
	ErrConfirmSlug = flomastr.Errorf(flomastr.Invalid, "confirm_slug",
		"Type the workspace's slug as confirm_slug: what is erased cannot be brought back.").Field("body.confirm_slug", "the slug of the workspace")
	ErrTraces = flomastr.Errorf(flomastr.Internal, "erasure_traces",
		"Something still mentions the erased workspace; the erasure is tried again.")
	ErrNoReport = flomastr.Errorf(flomastr.Conflict, "erasure_unfinished", "The erasure is not finished yet; its report comes with its last step.")
)

// HardDelete erases a soft-deleted tenant. Its rows are gone when it returns; the database of its own, the files and
// queued work follow as steps of a job, and at the end the signed report.
func (e *Engine) HardDelete(ctx context.Context, actor flomastr.Actor, id flomastr.TenantID, reason, confirmSlug string) (Erasure, error) {
	reason, err := cleanReason(reason)
	if err != nil {
		return Erasure{}, err
	}
	return e.store.BeginErasure(ctx, actor, id, reason, confirmSlug)
}

// FinishErasure takes the steps that are left of an erasure. It may be called again and from several servers at once.
func (e *Engine) FinishErasure(ctx context.Context, id ErasureID) error {
	erasure, err := e.store.Erasure(ctx, id)
	if err != nil || erasure.FinishedAt != nil {
		return err
	}
	tenant := erasure.Tenant
	err = e.take(ctx, tenant, []deed{
		{StepBackgroundJobs, func(ctx context.Context) (int64, error) { return e.store.RemoveJobs(ctx, tenant) }},
		{StepFiles, func(ctx context.Context) (int64, error) { return e.files.DeleteTenant(ctx, tenant) }},
		{StepColdDatabase, func(ctx context.Context) (int64, error) { return 1, e.cold.DropCold(ctx, tenant) }},
		{StepProof, func(ctx context.Context) (int64, error) { return 0, e.prove(ctx, erasure) }},
	})
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	return nil
}

// prove looks for traces of the tenant, and when there are none signs and keeps the report.
func (e *Engine) prove(ctx context.Context, erasure Erasure) error {
	// A request that was under way when the rows went may have written a line since.
	late, err := e.store.EraseRows(ctx, erasure.Tenant)
	if err != nil {
		return err
	}
	for table, rows := range late {
		erasure.Rows[table] += rows
	}
	report := reportOf(erasure, e.clock())
	if report.Scan, err = e.store.Scan(ctx, erasure.Tenant, erasure.Slug); err != nil {
		return err
	}
	if report.ColdDatabaseLeft, err = e.cold.ColdExists(ctx, erasure.Tenant); err != nil {
		return err
	}
	if report.FilesLeft, err = e.files.CountTenant(ctx, erasure.Tenant); err != nil {
		return err
	}
	if !report.Clean() {
		return ErrTraces.Because(fmt.Errorf("scan %+v, cold database %t, files %d", report.Scan, report.ColdDatabaseLeft, report.FilesLeft))
	}
	steps, err := e.store.Steps(ctx, erasure.Tenant)
	if err != nil {
		return err
	}
	for _, s := range steps {
		switch s.Name {
		case StepBackgroundJobs:
			report.BackgroundJobs = s.Affected
		case StepFiles:
			report.Files = s.Affected
		}
	}
	signed, err := report.Sign(e.key)
	if err != nil {
		return err
	}
	return e.store.FinishErasure(ctx, erasure.ID, signed)
}

// ErasureReport is the signed report of a tenant that was erased.
func (e *Engine) ErasureReport(ctx context.Context, id flomastr.TenantID) ([]byte, error) {
	erasure, err := e.store.ErasureOf(ctx, id)
	if err != nil {
		return nil, err
	}
	if erasure.FinishedAt == nil {
		return nil, ErrNoReport
	}
	return erasure.Report, nil
}

// ResumeErasures queues again what was begun and is not finished, for the case that the queue gave up on it.
func (e *Engine) ResumeErasures(ctx context.Context) error { return e.store.ResumeErasures(ctx) }

func cleanReason(reason string) (string, error) {
	reason = flomastr.VisibleLine(reason)
	if reason == "" || utf8.RuneCountInString(reason) > 500 {
		return "", flomastr.Errorf(flomastr.Invalid, "reason_missing", "Say why, in words that can be read, for the audit log.").Field("body.reason", "1 to 500 characters")
	}
	return reason, nil
}
