package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"text/tabwriter"
)

type evalCompare struct {
	Before string `arg:"" type:"existingfile" help:"What an evaluation printed with --json."`
	After  string `arg:"" type:"existingfile" help:"What the same evaluation printed with --json after something was changed."`
	JSON   bool   `name:"json" help:"Print the differences as JSON."`
}

// difference is one figure of two reports.
type difference struct {
	Name   string  `json:"name"`
	Before float64 `json:"before"`
	After  float64 `json:"after"`
	Change float64 `json:"change"`
}

// Run shows each figure that both reports have.
func (c *evalCompare) Run(s *surroundings) error {
	before, err := readFigures(c.Before)
	if err != nil {
		return err
	}
	after, err := readFigures(c.After)
	if err != nil {
		return err
	}
	list := []difference{}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if now, both := after[name]; both {
			list = append(list, difference{name, before[name], now, now - before[name]})
		}
	}
	if len(list) == 0 {
		return fmt.Errorf("%s and %s have no figure in common; give two reports of the same command", c.Before, c.After)
	}
	if c.JSON {
		return printJSON(s.stdout, list)
	}
	table := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "figure\tbefore\tafter\tchange\t")
	for _, d := range list {
		_, _ = fmt.Fprintf(table, "%s\t%.4g\t%.4g\t%+.4g\t\n", d.Name, d.Before, d.After, d.Change)
	}
	return table.Flush()
}

// readFigures reads the numbers of a report, those within it by a path such as by_category.1.
func readFigures(path string) (map[string]float64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var report map[string]any
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, fmt.Errorf("%s is not what an evaluation prints with --json: %w", path, err)
	}
	figures := map[string]float64{}
	collect(figures, "", report)
	return figures, nil
}

func collect(figures map[string]float64, path string, report map[string]any) {
	for name, v := range report {
		switch v := v.(type) {
		case float64:
			figures[path+name] = v
		case map[string]any:
			collect(figures, path+name+".", v)
		}
	}
}
