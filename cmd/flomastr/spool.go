package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/httpapi"
	"github.com/flomastr/flomastr/secret"
	"github.com/flomastr/flomastr/whatsapp/spool"
)

// openSpool opens the folder for webhooks that wait for the database, and says how to see whether any do; none of it where no
// folder is set. The master key seals them, because tenants' own keys lie in the database that is away.
func openSpool(c Config, keys *secret.Keyring, log *slog.Logger) (*spool.Folder, []httpapi.Check, error) {
	if c.SpoolDir == "" {
		return nil, nil, nil
	}
	folder, err := spool.Open(c.SpoolDir, int64(c.SpoolMB)<<20, keys, log)
	if err != nil {
		return nil, nil, err
	}
	return folder, []httpapi.Check{{Name: "webhooks on disk", Probe: func(context.Context) error { return webhooksOnDisk(folder.Count()) }}}, nil
}

func webhooksOnDisk(waiting, aside int) error {
	var said []string
	if waiting > 0 {
		said = append(said, fmt.Sprintf("Webhooks wait on this server's disk to be stored: %d.", waiting))
	}
	if aside > 0 {
		said = append(said, fmt.Sprintf("Webhooks that could not be stored are set aside on this server's disk: %d. The log says why; they are tried again when the server starts.", aside))
	}
	if len(said) == 0 {
		return nil
	}
	return flomastr.Errorf(flomastr.Unavailable, "webhooks_on_disk", strings.Join(said, " "))
}
