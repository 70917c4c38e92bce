package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnotherDatabaseIsNamedInEitherForm(t *testing.T) {
	t.Parallel()
	got, err := withDatabase("postgres://u:p%40@h:5/one?host=/run/x", "two")
	require.NoError(t, err)
	require.Equal(t, "postgres://u:p%40@h:5/two?host=/run/x", got)
	got, err = withDatabase("host=h dbname=one", "two")
	require.NoError(t, err)
	require.Equal(t, "host=h dbname=one dbname=two", got)
}
