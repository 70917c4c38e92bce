package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/flomastr/flomastr/httpapi"
)

type openapiCommand struct{}

// Run prints the API's description as it follows from the handlers' types. It needs neither settings nor a database.
func (openapiCommand) Run(s *surroundings) error {
	document, err := httpapi.New(httpapi.Deps{Version: buildVersion(), BaseDomain: "localhost", Clock: time.Now, Log: newLogger(s.stderr, "error", "text")}).OpenAPI()
	if err != nil {
		return fmt.Errorf("describe the API: %w", err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, document, "", "  "); err != nil {
		return fmt.Errorf("describe the API: %w", err)
	}
	_, err = fmt.Fprintln(s.stdout, pretty.String())
	return err
}
