package tenant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/flomastr/flomastr"
)

// StepState is how far a step is.
type StepState string

// The states of a step. A running one may have been cut off; it is taken again.
const (
	StepPending StepState = "pending"
	StepRunning StepState = "running"
	StepDone    StepState = "done"
	StepFailed  StepState = "failed"
)

// Step is one part of making or erasing a tenant that shares no commit with the others.
type Step struct {
	Name       string
	State      StepState
	Error      string // a sentence for the operator
	Affected   int64  // of an erasure: how many things it removed
	StartedAt  *time.Time
	FinishedAt *time.Time
}

// The names of the steps.
const (
	StepHotRows         = "hot_rows"
	StepColdDatabase    = "cold_database"
	StepOwnerInvitation = "owner_invitation"
	StepBackgroundJobs  = "background_jobs"
	StepFiles           = "files"
	StepProof           = "proof"
)

// ProvisioningSteps are the steps by which a tenant comes to be. The first is the commit of its rows. That of the owner's
// invitation follows them once somebody asks for it.
func ProvisioningSteps() []string { return []string{StepHotRows, StepColdDatabase} }

// ErasureSteps are the steps by which a tenant goes. The first is the commit that removes its rows.
func ErasureSteps() []string {
	return []string{StepHotRows, StepBackgroundJobs, StepFiles, StepColdDatabase, StepProof}
}

// deed does a step, which may have been done before in part or whole, and says how many things it affected.
type deed struct {
	step string
	do   func(ctx context.Context) (int64, error)
}

// take does what is not done yet, in order, and stops at the first that fails. Whatever happens is written down, so that
// the next call goes on from there.
func (e *Engine) take(ctx context.Context, id flomastr.TenantID, deeds []deed) error {
	known, err := e.store.Steps(ctx, id)
	if err != nil {
		return err
	}
	for _, d := range deeds {
		if slices.ContainsFunc(known, func(s Step) bool { return s.Name == d.step && s.State == StepDone }) {
			continue
		}
		if err := e.store.StartStep(ctx, id, d.step); err != nil {
			return err
		}
		affected, failure := d.do(ctx)
		// What came of it is written down although the caller may have gone.
		writing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		err := e.store.EndStep(writing, id, d.step, affected, saying(failure))
		cancel()
		if failure != nil || err != nil {
			return fmt.Errorf("step %s: %w", d.step, errors.Join(failure, err))
		}
	}
	return nil
}

// saying is the sentence that an operator may read about a failure; the cause is for the log.
func saying(failure error) string {
	if failure == nil {
		return ""
	}
	if known, ok := errors.AsType[*flomastr.Error](failure); ok {
		return known.Message
	}
	return "It did not work; the server's log says why."
}
