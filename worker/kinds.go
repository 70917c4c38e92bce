package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/evaluation"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/memory"
	"github.com/flomastr/flomastr/task"
	"github.com/flomastr/flomastr/tenant"
	"github.com/flomastr/flomastr/whatsapp"
)

// Engines are what the jobs call.
type Engines struct {
	Knowledge Knowledge
	Examiner  Examiner
	Erasures  Erasures
	Mail      Mail
	Team      Team
	Keeper    Keeper
	Sends     Sends
	Media     Media
	Accounts  Accounts
	Memory    Memory
	Tasks     Tasks
	Upkeep    []Upkeep
	Log       *slog.Logger
}

// Knowledge is what the jobs of the Business Brain call.
type Knowledge interface {
	Index(ctx context.Context, tenant flomastr.TenantID, args contextengine.IndexArgs) error
	GiveUp(ctx context.Context, tenant flomastr.TenantID, args contextengine.IndexArgs, cause error) error
	Erase(ctx context.Context, tenant flomastr.TenantID, args contextengine.EraseArgs) error
	Crawl(ctx context.Context, tenant flomastr.TenantID, args contextengine.CrawlArgs) (again time.Duration, err error)
	GiveUpCrawl(ctx context.Context, tenant flomastr.TenantID, args contextengine.CrawlArgs) error
	Stage(ctx context.Context, tenant flomastr.TenantID, args contextengine.StageArgs) error
	GiveUpStage(ctx context.Context, tenant flomastr.TenantID, args contextengine.StageArgs, cause error) error
	Unstage(ctx context.Context, tenant flomastr.TenantID, args contextengine.UnstageArgs) error
	Exchange(ctx context.Context, tenant flomastr.TenantID, args contextengine.ExchangeArgs) error
	Reembed(ctx context.Context, tenant flomastr.TenantID, args contextengine.ReembedArgs) (again time.Duration, err error)
	GiveUpReembed(ctx context.Context, tenant flomastr.TenantID, args contextengine.ReembedArgs) error
}

// Examiner is what the jobs of question sets call.
type Examiner interface {
	Examine(ctx context.Context, tenant flomastr.TenantID, args evaluation.RunArgs) (again time.Duration, err error)
	GiveUp(ctx context.Context, tenant flomastr.TenantID, args evaluation.RunArgs, cause error) error
}

// Erasures is what the jobs of the tenants' lives call.
type Erasures interface {
	FinishErasure(ctx context.Context, id tenant.ErasureID) error
}

// Keeper holds the tenants to how long they keep messages, and where.
type Keeper interface {
	Keep(ctx context.Context) error
	ChangeArchived(ctx context.Context, args whatsapp.ChangeArchivedArgs) error
}

// Media is what the jobs of customers' files call.
type Media interface {
	FetchMedia(ctx context.Context, tenant flomastr.TenantID, id flomastr.MediaID) error
	GiveUpMedia(ctx context.Context, tenant flomastr.TenantID, id flomastr.MediaID, cause error) error
	EraseFiles(ctx context.Context, tenant flomastr.TenantID, files []flomastr.FileID) error
}

// Memory keeps what customers say of themselves.
type Memory interface {
	Notice(ctx context.Context, args memory.NoticeArgs) error
}

// Sends asks providers what became of messages.
type Sends interface {
	Reconcile(ctx context.Context, args whatsapp.ReconcileArgs) (again time.Duration, err error)
}

// Tasks is what the jobs of approved answers call.
type Tasks interface {
	Publish(ctx context.Context, args task.PublishArgs) error
}

// Upkeep is a small piece of regular housekeeping of the platform's own tables. Every piece can be done twice.
type Upkeep struct {
	Name string
	Do   func(ctx context.Context) error
}

// UpkeepArgs is the job that does the housekeeping.
type UpkeepArgs struct{}

// Kind names the job in the queue.
func (UpkeepArgs) Kind() string { return "platform.upkeep" }

const (
	indexTimeout    = 10 * time.Minute // a thousand pages on a busy machine
	examineTimeout  = 5 * time.Minute  // a slice of a run, and the slowest answer after it
	exchangeTimeout = 5 * time.Minute  // five hundred changes on a busy machine
	reembedTimeout  = 10 * time.Minute // a slice, and the slowest batch after it
	crawlTimeout    = 5 * time.Minute  // a slice of a crawl, and the slowest page after it
	fetchTimeout    = 5 * time.Minute  // 100 MB over a slow line, and a scan of them
	upkeepEvery     = 15 * time.Minute
	upkeepTimeout   = 5 * time.Minute
	eraseTimeout    = time.Hour // every table is searched for traces
	keepEvery       = time.Hour
	keepTimeout     = 50 * time.Minute // what is left is done by the next run
)

// Kinds maps every kind of job to the engine call that does it.
func Kinds(e Engines) *river.Workers {
	workers := river.NewWorkers()
	add(workers, indexTimeout, func(ctx context.Context, job *river.Job[contextengine.IndexArgs]) error {
		err := e.Knowledge.Index(ctx, job.Args.Tenant, job.Args)
		if err != nil && job.Attempt >= job.MaxAttempts {
			return errors.Join(err, e.Knowledge.GiveUp(context.WithoutCancel(ctx), job.Args.Tenant, job.Args, err))
		}
		return err
	})
	add(workers, time.Minute, func(ctx context.Context, job *river.Job[contextengine.EraseArgs]) error {
		return e.Knowledge.Erase(ctx, job.Args.Tenant, job.Args)
	})
	add(workers, indexTimeout, func(ctx context.Context, job *river.Job[contextengine.StageArgs]) error {
		err := e.Knowledge.Stage(ctx, job.Args.Tenant, job.Args)
		if err != nil && job.Attempt >= job.MaxAttempts {
			return errors.Join(err, e.Knowledge.GiveUpStage(context.WithoutCancel(ctx), job.Args.Tenant, job.Args, err))
		}
		return err
	})
	add(workers, time.Minute, func(ctx context.Context, job *river.Job[contextengine.UnstageArgs]) error {
		return e.Knowledge.Unstage(ctx, job.Args.Tenant, job.Args)
	})
	add(workers, exchangeTimeout, func(ctx context.Context, job *river.Job[contextengine.ExchangeArgs]) error {
		return e.Knowledge.Exchange(ctx, job.Args.Tenant, job.Args)
	})
	add(workers, crawlTimeout, func(ctx context.Context, job *river.Job[contextengine.CrawlArgs]) error {
		again, err := e.Knowledge.Crawl(ctx, job.Args.Tenant, job.Args)
		switch {
		case err != nil && job.Attempt >= job.MaxAttempts:
			return errors.Join(err, e.Knowledge.GiveUpCrawl(context.WithoutCancel(ctx), job.Args.Tenant, job.Args))
		case err == nil && again > 0:
			return river.JobSnooze(again)
		}
		return err
	})
	add(workers, reembedTimeout, func(ctx context.Context, job *river.Job[contextengine.ReembedArgs]) error {
		again, err := e.Knowledge.Reembed(ctx, job.Args.Tenant, job.Args)
		switch {
		case err != nil && job.Attempt >= job.MaxAttempts:
			return errors.Join(err, e.Knowledge.GiveUpReembed(context.WithoutCancel(ctx), job.Args.Tenant, job.Args))
		case err == nil && again > 0:
			return river.JobSnooze(again)
		}
		return err
	})
	add(workers, examineTimeout, func(ctx context.Context, job *river.Job[evaluation.RunArgs]) error {
		again, err := e.Examiner.Examine(ctx, job.Args.Tenant, job.Args)
		switch {
		case err != nil && job.Attempt >= job.MaxAttempts:
			return errors.Join(err, e.Examiner.GiveUp(context.WithoutCancel(ctx), job.Args.Tenant, job.Args, err))
		case err == nil && again > 0:
			return river.JobSnooze(again)
		}
		return err
	})
	add[identity.ResetMailArgs](workers, mailTimeout, e.mailReset)
	add[identity.InvitationMailArgs](workers, mailTimeout, e.mailInvitation)
	add(workers, eraseTimeout, func(ctx context.Context, job *river.Job[tenant.FinishErasureArgs]) error {
		return e.Erasures.FinishErasure(ctx, job.Args.Erasure)
	})
	add(workers, fetchTimeout, func(ctx context.Context, job *river.Job[whatsapp.MediaFetchArgs]) error {
		err := e.Media.FetchMedia(ctx, job.Args.Tenant, job.Args.Media)
		if err != nil && job.Attempt >= job.MaxAttempts {
			return errors.Join(err, e.Media.GiveUpMedia(context.WithoutCancel(ctx), job.Args.Tenant, job.Args.Media, err))
		}
		return err
	})
	add(workers, time.Minute, func(ctx context.Context, job *river.Job[whatsapp.MediaEraseArgs]) error {
		return e.Media.EraseFiles(ctx, job.Args.Tenant, job.Args.Files)
	})
	add(workers, time.Minute, func(ctx context.Context, job *river.Job[memory.NoticeArgs]) error {
		return e.Memory.Notice(ctx, job.Args)
	})
	add(workers, keepTimeout, func(ctx context.Context, _ *river.Job[whatsapp.KeepArgs]) error { return e.Keeper.Keep(ctx) })
	add(workers, time.Minute, func(ctx context.Context, job *river.Job[whatsapp.ChangeArchivedArgs]) error {
		return e.Keeper.ChangeArchived(ctx, job.Args)
	})
	add(workers, time.Minute, func(ctx context.Context, job *river.Job[whatsapp.ReconcileArgs]) error {
		again, err := e.Sends.Reconcile(ctx, job.Args)
		if err == nil && again > 0 {
			return river.JobSnooze(again)
		}
		return err
	})
	add(workers, time.Minute, func(ctx context.Context, job *river.Job[task.PublishArgs]) error {
		return e.Tasks.Publish(ctx, job.Args)
	})
	add(workers, upkeepTimeout, func(ctx context.Context, _ *river.Job[UpkeepArgs]) error {
		var all error
		for _, piece := range e.Upkeep {
			if err := piece.Do(ctx); err != nil {
				e.Log.ErrorContext(ctx, "upkeep failed", "piece", piece.Name, "error", err)
				all = errors.Join(all, err) // the others still have their turn
			}
		}
		return all
	})
	return workers
}

// Periodic lists what runs by the clock. River's leader enqueues it once for all servers.
func Periodic() []*river.PeriodicJob {
	return []*river.PeriodicJob{
		river.NewPeriodicJob(river.PeriodicInterval(keepEvery), func() (river.JobArgs, *river.InsertOpts) {
			// At every start, so that a server which never runs for an hour does it too; but once an hour only.
			return whatsapp.KeepArgs{}, &river.InsertOpts{MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByPeriod: keepEvery}}
		}, &river.PeriodicJobOpts{RunOnStart: true}),
		river.NewPeriodicJob(river.PeriodicInterval(upkeepEvery), func() (river.JobArgs, *river.InsertOpts) {
			return UpkeepArgs{}, &river.InsertOpts{MaxAttempts: 1}
		}, &river.PeriodicJobOpts{RunOnStart: true}),
	}
}

// handler is a worker made of a function and a time limit.
type handler[Args river.JobArgs] struct {
	river.WorkerDefaults[Args]
	timeout time.Duration
	work    func(context.Context, *river.Job[Args]) error
}

func (h *handler[Args]) Timeout(*river.Job[Args]) time.Duration { return h.timeout }

func (h *handler[Args]) Work(ctx context.Context, job *river.Job[Args]) error {
	return h.work(ctx, job)
}

func add[Args river.JobArgs](workers *river.Workers, timeout time.Duration, work func(context.Context, *river.Job[Args]) error) {
	river.AddWorker(workers, &handler[Args]{timeout: timeout, work: work})
}
