package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/source/convert"
)

// cli is the command line. Each command has a file of its own.
type cli struct {
	Serve   serveCommand   `cmd:"" help:"Run the server."`
	Migrate migrateCommand `cmd:"" help:"Bring the database to this version and end. The server does the same at its start."`
	Doctor  doctorCommand  `cmd:"" help:"Say what is missing or wrong here, and how to mend it."`
	Tenant  tenantCommand  `cmd:"" help:"Tenants."`
	Audit   auditCommand   `cmd:"" help:"The audit log."`
	Secrets secretsCommand `cmd:"" help:"The keys that seal what tenants entrust to us."`
	Demo    demoCommand    `cmd:"" help:"Say how to drive the demo: addresses, sign-ins, channels."`
	Eval    evalCommand    `cmd:"" help:"Measure the quality of retrieval and conversion on a set of documents."`
	Version versionCommand `cmd:"" help:"Print the version."`
	OpenAPI openapiCommand `cmd:"" name:"openapi" hidden:"" help:"Print the API's description, as served at /openapi.json."`
	Where   whereCommand   `cmd:"" hidden:"" help:"Print what the settings come to, for scripts."`
	Ready   readyCommand   `cmd:"" hidden:"" help:"Wait until the server is ready, for scripts."`
}

// surroundings is what a command knows of the world outside: handed in, so that tests can hand in another.
type surroundings struct {
	environ []string
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
	program string // path of the binary; found out when empty
	workDir string // where .env is looked for; found out when empty
}

// exitError is an error that carries nothing but the process's exit code: everything has been said already.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// run parses the command line, runs one command and gives the exit code: 0 done, 1 failed, 2 asked wrongly, others as
// the command's help says.
func run(ctx context.Context, args []string, s surroundings) int {
	if err := s.complete(); err != nil {
		fmt.Fprintln(s.stderr, "flomastr:", err)
		return 1
	}
	if firstWord(args) == convert.Command {
		// The worker that reads a stranger's document. It comes before everything else, so that no setting of ours is in
		// its memory.
		return convert.Worker(s.stdin, s.stdout, s.stderr)
	}
	sources, err := readSources(s)
	if err != nil {
		fmt.Fprintln(s.stderr, "flomastr:", err)
		return 2
	}
	var commands cli
	left := -1 // set when kong itself ends the program, as after --help
	parser, err := kong.New(&commands,
		kong.Name("flomastr"),
		kong.Description("FloMastr: the relational AI assistant for WhatsApp Business.\n\n"+
			"Settings come from flags, then the environment, then a .env file, then their defaults; without any, the server keeps a database "+
			"of its own under .flomastr/ and shows a demo. `flomastr serve --help` lists them."),
		kong.Writers(s.stdout, s.stderr),
		kong.Exit(func(code int) { left = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 120}),
		kong.ValueFormatter(helpWithName),
		kong.PostBuild(hideSettings),
		kong.Resolvers(sources),
		kong.Bind(&s, &sources),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		fmt.Fprintln(s.stderr, "flomastr:", err)
		return 1
	}
	parsed, err := parser.Parse(args)
	if left >= 0 {
		return left
	}
	if err != nil {
		fmt.Fprintf(s.stderr, "flomastr: %v\nTry: flomastr %s\n", err, strings.TrimSpace(firstWord(args)+" --help"))
		return 2
	}
	if err := parsed.Run(); err != nil {
		if left, ok := errors.AsType[exitError](err); ok {
			return int(left)
		}
		fmt.Fprintln(s.stderr, "flomastr:", sentence(err))
		return 1
	}
	return 0
}

// hideSettings keeps the long list of settings in the help of serve alone; every other command takes them too.
func hideSettings(k *kong.Kong) error {
	return kong.Visit(k.Model, func(node kong.Visitable, next kong.Next) error {
		if command, ok := node.(*kong.Node); ok && command.Name != "serve" {
			for _, flag := range command.Flags {
				if flag.Tag != nil && flag.Tag.Has("setting") && flag.Name != "data-dir" {
					flag.Hidden = true
				}
			}
		}
		return next(nil)
	})
}

func (s *surroundings) complete() error {
	var err error
	if s.program == "" {
		if s.program, err = os.Executable(); err != nil {
			return fmt.Errorf("find our own program: %w", err)
		}
	}
	if s.workDir == "" {
		if s.workDir, err = os.Getwd(); err != nil {
			return fmt.Errorf("find the current folder: %w", err)
		}
	}
	if s.stdin == nil {
		s.stdin = os.Stdin
	}
	return nil
}

// sentence puts an error into words for the operator, who may see the cause too.
func sentence(err error) string {
	var e *flomastr.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	var b strings.Builder
	b.WriteString(e.Message)
	for _, f := range e.Fields {
		b.WriteString("\n  " + f.Location + ": " + f.Message)
	}
	if e.Err != nil {
		b.WriteString(" (" + e.Err.Error() + ")")
	}
	return b.String()
}

func firstWord(args []string) string {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return ""
	}
	return args[0]
}
