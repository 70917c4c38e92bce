package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/flomastr/flomastr/contextengine/source/convert"
)

type evalCommand struct {
	Retrieval evalRetrieval `cmd:"" help:"Index a set of documents in a scratch tenant, ask its questions, and score what is found."`
	Answers   evalAnswers   `cmd:"" help:"Index a set of documents in a scratch tenant, have the assistant answer its questions, and look every citation up."`
	Memory    evalMemory    `cmd:"" help:"Replay conversations in a scratch tenant, ask their questions of the memory, and score what is recalled."`
	Documents evalDocuments `cmd:"" help:"Convert a folder of documents and check what its expectations.json says of them."`
	Compare   evalCompare   `cmd:"" help:"Show what changed between two reports."`
}

type evalDocuments struct {
	Config
	Dir  string `arg:"" type:"existingdir" help:"A folder with documents and expectations.json."`
	JSON bool   `name:"json" help:"Print the whole report as JSON."`
}

// Run converts and checks. Exit code 1 says that a document was not converted as expected.
func (c *evalDocuments) Run(ctx context.Context, s *surroundings, src *sources) error {
	cfg, _, err := settle(c.Config, s, src)
	if err != nil {
		return err
	}
	report, err := convert.New(convert.Config{AllowWeakSandbox: cfg.WeakSandbox}).Check(ctx, c.Dir)
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(s.stdout, report)
	} else {
		_, err = fmt.Fprintf(s.stdout, "%d of %d documents converted as expected, %d skipped\n", report.Passed, report.Documents, len(report.Skipped))
		for _, f := range report.Failed {
			fmt.Fprintf(s.stdout, "  %s: %v\n", f.Document, f.Reasons)
		}
	}
	if err != nil {
		return err
	}
	if len(report.Failed) > 0 {
		return exitError(1)
	}
	return nil
}

func printJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(v)
}
