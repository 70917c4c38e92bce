package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"golang.org/x/sync/errgroup"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/assistant"
	"github.com/flomastr/flomastr/blob"
	"github.com/flomastr/flomastr/branding"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/evaluation"
	"github.com/flomastr/flomastr/contextengine/source/convert"
	"github.com/flomastr/flomastr/contextengine/source/site"
	"github.com/flomastr/flomastr/httpapi"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/identity/local"
	"github.com/flomastr/flomastr/internal/safehttp"
	"github.com/flomastr/flomastr/llm"
	"github.com/flomastr/flomastr/llm/offline"
	"github.com/flomastr/flomastr/mcpserver"
	"github.com/flomastr/flomastr/memory"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/pulse"
	"github.com/flomastr/flomastr/secret"
	"github.com/flomastr/flomastr/task"
	"github.com/flomastr/flomastr/tenant"
	"github.com/flomastr/flomastr/web"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/infobip"
	"github.com/flomastr/flomastr/whatsapp/provider/meta"
	"github.com/flomastr/flomastr/whatsapp/provider/twilio"
	"github.com/flomastr/flomastr/whatsapp/spool"
	"github.com/flomastr/flomastr/worker"
)

// App is the assembled server.
type App struct {
	cfg         Config
	log         *slog.Logger
	clock       flomastr.Clock
	listener    net.Listener
	internal    net.Listener // nil where the settings name none
	base        *foundation
	db          *postgres.DB
	blobs       *blob.Bucket
	spool       *spool.Folder // nil where none is set
	demo        *demoPlan
	superAdmins identity.SuperAdmins

	accounts  *local.Provider
	team      *identity.Team
	tenants   *tenant.Engine
	tokens    *postgres.IdentityStore
	knowledge *contextengine.Engine
	whatsapp  *whatsapp.Engine
	jobs      postgres.Jobs
	api       *httpapi.API
}

// newApp builds the server from the bottom to the top. The port comes first: a taken one is found out before anything
// is started.
func newApp(ctx context.Context, cfg Config, log *slog.Logger) (_ *App, err error) {
	a := &App{cfg: cfg, log: log, clock: flomastr.SystemClock}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if a.listener, err = listen(ctx, cfg.Listen); err != nil {
		return nil, err
	}
	if cfg.MetricsListen != "" {
		if a.internal, err = listen(ctx, cfg.internalAddress()); err != nil {
			return nil, err
		}
	}
	if a.base, err = layFoundation(ctx, cfg, log); err != nil {
		return nil, err
	}
	if err = postgres.Migrate(ctx, a.base.Database); err != nil {
		return nil, err
	}
	if a.db, err = postgres.Open(ctx, a.base.Database); err != nil {
		return nil, err
	}
	if a.blobs, err = openBlobs(ctx, cfg); err != nil {
		return nil, err
	}

	if a.demo, err = prepareDemo(cfg); err != nil {
		return nil, err
	}
	a.superAdmins, err = identity.ParseSuperAdmins(strings.Join(append(cfg.SuperAdmins, a.demo.superAdmins()...), ","))
	if err != nil {
		return nil, err
	}
	a.tokens = postgres.NewIdentityStore(a.db)
	vault := secret.NewVault(a.base.Keys, postgres.NewKeyStore(a.db))
	a.accounts = local.New(local.Deps{Store: a.tokens, Seal: vault, Clock: a.clock, PublicURL: publicURL(cfg, a.demo), Mailed: cfg.writesMail()})
	people, err := newSignIn(cfg, a.accounts, a.tokens, a.clock, log)
	if err != nil {
		return nil, err
	}
	gate, err := identity.NewAuthenticator(identity.Config{
		Verifier: people.verifier, Store: a.tokens, SuperAdmins: a.superAdmins,
		PlatformToken: cmp.Or(cfg.BackendToken.Reveal(), a.demo.platformToken()), Clock: a.clock,
	})
	if err != nil {
		return nil, err
	}
	a.team = identity.NewTeam(identity.TeamDeps{
		Store: a.tokens, Seal: vault, Clock: a.clock, PublicURL: publicURL(cfg, a.demo), Mailed: cfg.writesMail(), ByMail: cfg.SMTPURL != "",
	})
	a.tenants = newTenants(cfg, a.base, a.db, a.blobs, a.team)
	hosts := tenant.NewDirectory(cfg.BaseDomain, a.tenants, postgres.NewDomainStore(a.db), a.clock)
	profiles := tenant.NewProfiles(tenant.ProfilesDeps{
		Store: postgres.NewTenantStore(a.db), Domains: postgres.NewDomainStore(a.db), DNS: net.DefaultResolver,
		BaseDomain: cfg.BaseDomain, Clock: a.clock, Changed: hosts.Forget,
	})
	converter := convert.New(convert.Config{AllowWeakSandbox: cfg.WeakSandbox})
	looks := branding.New(postgres.NewBrandingStore(a.db), a.blobs, converter)

	mails, err := newPost(cfg, a.db, vault, brands{a.tenants, looks, publicURL(cfg, a.demo)})
	if err != nil {
		return nil, err
	}

	pages := safehttp.New(safehttp.Config{
		Allow: cfg.FetchAllow, DenyHosts: ownHosts(cfg), Redirects: 5, Timeout: 30 * time.Second, MaxBytes: 20 << 20,
		UserAgent: "FloMastr/" + buildVersion(),
	})
	knowledge := postgres.NewKnowledgeStore(a.db)
	a.knowledge = contextengine.New(contextengine.Deps{
		Status: knowledge, Content: knowledge, Releases: knowledge, Staged: knowledge, Blobs: a.blobs, Sites: knowledge,
		Reader: reader{pages, converter}, Web: site.New(pages, reader{pages, converter}.page, "flomastr"),
		Embedder: embedder(cfg), Former: []llm.Embedder{offline.New()}, Embedders: knowledge, Services: embeddingServices(cfg), Sealer: vault,
		Reranker: reranker(cfg), Clock: a.clock, Log: log,
	})
	remembered := memory.New(memory.Deps{Store: postgres.NewMemoryStore(a.db), Clock: a.clock})
	chosen := newModels(cfg, a.db, vault, a.clock, log)
	answers := assistant.New(assistant.Deps{Retriever: a.knowledge, Memory: remembered, Businesses: businesses{a.tenants}, Policies: businesses{a.tenants}, Models: chosen, Clock: a.clock})
	examiner := evaluation.New(evaluation.Deps{Store: postgres.NewEvaluationStore(a.db), Knowledge: a.knowledge, Assistant: answers, Log: log})
	conversations := postgres.NewWhatsAppStore(a.db)
	tasks := task.New(postgres.NewTaskStore(a.db), cards{a.knowledge})
	var kept whatsapp.Spool // a nil folder would not be none
	var spoolChecks []httpapi.Check
	if a.spool, spoolChecks, err = openSpool(cfg, a.base.Keys, log); err != nil {
		return nil, err
	}
	if a.spool != nil {
		kept = a.spool
	}
	a.whatsapp = whatsapp.New(whatsapp.Deps{
		Store: conversations, Answerer: answers, Noticer: remembered, Sealer: vault, Clock: a.clock, Log: log,
		Blobs: a.blobs, Scanner: scanner(cfg), Documents: documents{a.knowledge}, Transcriber: transcriber(cfg), Spool: kept,
		Providers: []provider.Provider{infobip.New(infobip.Config{
			HTTP:    safehttp.New(safehttp.Config{Allow: given(cfg.InfobipStandIn), Timeout: 20 * time.Second, MaxBytes: 1 << 20}).HTTP(),
			Files:   safehttp.New(safehttp.Config{Allow: given(cfg.InfobipStandIn), Timeout: 2 * time.Minute, MaxBytes: 100 << 20}).HTTP(),
			StandIn: cfg.InfobipStandIn, APIKey: cfg.InfobipAPIKey.Reveal(), BaseURL: cfg.InfobipBaseURL,
		}), meta.New(meta.Config{
			HTTP:    safehttp.New(safehttp.Config{Allow: given(cfg.MetaStandIn), Timeout: 20 * time.Second, MaxBytes: 1 << 20}).HTTP(),
			Files:   safehttp.New(safehttp.Config{Allow: given(cfg.MetaStandIn), Timeout: 2 * time.Minute, MaxBytes: 100 << 20}).HTTP(),
			StandIn: cfg.MetaStandIn, Version: cfg.MetaVersion,
		}), twilio.New(twilio.Config{
			HTTP:    safehttp.New(safehttp.Config{Allow: given(cfg.TwilioStandIn), Timeout: 20 * time.Second, MaxBytes: 1 << 20}).HTTP(),
			Media:   safehttp.New(safehttp.Config{Allow: given(cfg.TwilioStandIn), Timeout: 2 * time.Minute, MaxBytes: 101 << 20}).HTTP(),
			StandIn: cfg.TwilioStandIn,
		})},
		LinkKeys: a.base.Files,
		Settings: whatsapp.Settings{
			Workers: cfg.TurnWorkers, DrainTimeout: cfg.ShutdownTimeout,
			PublicURL: engineURL(cfg, a.demo), FilesURL: filesURL(cfg, a.demo),
		},
	})
	idempotency, events := postgres.NewIdempotencyStore(a.db), postgres.NewEventStore(a.db)
	a.jobs = postgres.Jobs{
		Before: worker.WhileAwake(a.tenants),
		Workers: worker.Kinds(worker.Engines{Knowledge: a.knowledge, Examiner: examiner, Media: a.whatsapp, Sends: a.whatsapp, Keeper: whatsapp.NewKeeper(conversations, a.clock, log), Erasures: a.tenants, Mail: mails.engine, Team: a.team, Accounts: a.accounts, Memory: remembered, Tasks: tasks, Log: log, Upkeep: []worker.Upkeep{
			{Name: "message partitions", Do: func(ctx context.Context) error {
				_, err := conversations.EnsureMessagePartitions(ctx, 3)
				return err
			}},
			{Name: "parked reports", Do: func(ctx context.Context) error { return conversations.ForgetParkedReports(ctx, time.Hour) }},
			{Name: "old events", Do: counted(events.Sweep)},
			{Name: "old idempotency keys", Do: counted(idempotency.Sweep)},
			{Name: "old sign-ins", Do: a.tokens.SweepSignIns},
			{Name: "unfinished erasures", Do: a.tenants.ResumeErasures},
			{Name: "copies of cold databases", Do: a.db.DropColdCopies},
			{Name: "kept mails", Do: postgres.NewMailStore(a.db).Sweep},
			{Name: "proofs of domains", Do: profiles.Recheck},
			{Name: "old news of issuers", Do: a.tokens.SweepIssuers},
			{Name: "crawls that are due", Do: a.knowledge.BeginDueCrawls},
			{Name: "evaluations that stand still", Do: examiner.ResumeRuns},
			{Name: "old memories", Do: remembered.ForgetOld},
			{Name: "old questions to models", Do: chosen.ForgetCalls},
		}}),
		Queues: map[string]river.QueueConfig{
			river.QueueDefault:       {MaxWorkers: 2},
			postgres.KnowledgeQueue:  {MaxWorkers: cfg.JobWorkers},
			postgres.MediaQueue:      {MaxWorkers: cfg.JobWorkers},
			postgres.CrawlQueue:      {MaxWorkers: 8}, // they mostly wait
			postgres.EvaluationQueue: {MaxWorkers: 1},
		},
		Periodic: worker.Periodic(),
	}
	a.api = httpapi.New(httpapi.Deps{
		Version: buildVersion(), PublicURL: cmp.Or(cfg.PublicURL, a.demo.baseURL(), cfg.ownURL()), BaseDomain: cfg.BaseDomain, TrustedProxies: prefixes(cfg.TrustedProxies), AllowedOrigins: cfg.CORSOrigins,
		SuperAdmins: a.superAdmins, SignIn: people.offer,
		Clock: a.clock, Log: log, Gate: gate, Tenants: a.tenants, Hosts: hosts, Idempotency: idempotency, PlaceKeys: a.base.Places, Events: eventSource{events, a.clock}, Quotas: postgres.NewQuotaStore(a.db), NetworkRate: cfg.NetworkRate,
		Health: append([]httpapi.Check{
			{Name: "database", Required: true, Probe: a.db.Ping},
			{Name: "uploads", Required: true, Probe: a.blobs.Writable},
			{Name: "document conversion", Probe: conversion},
			{Name: "demo", Required: true, Probe: a.demo.ready},
		}, slices.Concat(spoolChecks, people.checks)...),
		Settings: cfg.preflight, WaitingTurns: conversations.WaitingTurns, Web: webApp(log), Simulator: simulator(cfg),
		Agents: func(api http.Handler) httpapi.Agents { return mcpserver.New(api, buildVersion()) },
		Engines: httpapi.Engines{
			Audit: postgres.NewAuditStore(a.db), SignIns: a.accounts, People: gate, APITokens: a.tokens, Team: a.team, Accounts: a.accounts, Preferences: a.tokens, KeptMails: mails.kept, TenantAdmin: a.tenants, TenantLife: a.tenants,
			Profiles: profiles, Branding: looks,
			Visits: a.tokens, PlatformUsers: a.tokens, IssuerNews: people.news,
			Knowledge: a.knowledge, Evaluations: examiner, Assistant: answers, WhatsApp: a.whatsapp, Tasks: tasks, Memory: remembered,
			Pulse: pulse.New(pulse.Deps{Store: postgres.NewPulseStore(a.db), Knowledge: a.knowledge, Clock: a.clock}),
		},
	})
	return a, nil
}

// Run serves until the context ends.
func (a *App) Run(ctx context.Context) error {
	stopJobs, err := a.db.StartJobs(context.WithoutCancel(ctx), a.jobs, a.log)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return a.whatsapp.Work(ctx) })
	group.Go(func() error { return a.api.Serve(ctx, a.listener, a.cfg.ShutdownTimeout) })
	if a.internal != nil {
		group.Go(func() error { return a.api.ServeInternal(ctx, a.internal, a.cfg.ShutdownTimeout) })
	}
	if a.cfg.Demo() {
		group.Go(func() error { return a.seedDemo(ctx) })
	}
	group.Go(func() error { return a.warnOfSuperAdmins(ctx) })
	a.log.Info("listening", "address", a.listener.Addr().String())
	err = group.Wait()
	ending, cancel := context.WithTimeout(context.Background(), a.cfg.ShutdownTimeout)
	defer cancel()
	return errors.Join(err, stopJobs(ending))
}

// Close stops everything in the reverse order of newApp. What was never started is passed over.
func (a *App) Close() error {
	var err error
	if a.blobs != nil {
		err = a.blobs.Close()
	}
	if a.spool != nil {
		err = errors.Join(err, a.spool.Close())
	}
	if a.db != nil {
		a.db.Close()
	}
	if a.base != nil {
		err = errors.Join(err, a.base.Close())
	}
	for _, listener := range []net.Listener{a.listener, a.internal} {
		if listener != nil {
			_ = listener.Close() // the server has usually closed it already
		}
	}
	return err
}

// webApp is the built app, or nothing where the binary was built without it.
func webApp(log *slog.Logger) fs.FS {
	if !web.Built() {
		log.Warn("the web app is not in this binary; build it with make build")
		return nil
	}
	return web.Dist()
}
