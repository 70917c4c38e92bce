package tenant_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/tenant"
)

// after is what every action leads to in every state; what is missing is a conflict.
var after = map[tenant.Status]map[tenant.Action]tenant.Status{
	tenant.Provisioning: {tenant.SoftDelete: tenant.SoftDeleted},
	tenant.Active:       {tenant.Suspend: tenant.Suspended, tenant.SoftDelete: tenant.SoftDeleted},
	tenant.Inactive:     {tenant.Suspend: tenant.Suspended, tenant.Reactivate: tenant.Active, tenant.SoftDelete: tenant.SoftDeleted},
	tenant.Suspended:    {tenant.Reactivate: tenant.Active, tenant.SoftDelete: tenant.SoftDeleted},
	tenant.SoftDeleted:  {tenant.Restore: tenant.Suspended, tenant.HardDelete: tenant.Erasing},
	tenant.Erasing:      {},
	tenant.Erased:       {},
}

func TestEveryActionInEveryState(t *testing.T) {
	t.Parallel()
	for status, allowed := range after {
		t.Run(string(status), func(t *testing.T) {
			t.Parallel()
			one := tenant.Tenant{Status: status, StatusBefore: tenant.Suspended}
			for _, action := range []tenant.Action{tenant.Suspend, tenant.Reactivate, tenant.SoftDelete, tenant.Restore, tenant.HardDelete, "unheard-of"} {
				next, err := one.After(action)
				want, ok := allowed[action]
				if !ok {
					require.ErrorIs(t, err, tenant.ErrWrongStatus, action)
					require.NotContains(t, one.Allowed(), action)
					continue
				}
				require.NoError(t, err, action)
				require.Equal(t, want, next, action)
				require.Contains(t, one.Allowed(), action)
			}
			require.Len(t, one.Allowed(), len(allowed))
		})
	}
}

func TestAnActionWithoutAReasonReachesNoStore(t *testing.T) {
	t.Parallel()
	engine := tenant.New(tenant.Deps{Store: &memory{}}) // whose Move would panic
	for _, reason := range []string{"", " \n ", strings.Repeat("\u200b", 20), "\u3164\u2800", strings.Repeat("a", 501)} {
		_, err := engine.Act(t.Context(), flomastr.ActorSystem, flomastr.TenantID{}, tenant.Suspend, reason)
		require.Equal(t, "reason_missing", flomastr.CodeOf(err), "%q", reason)
		_, err = engine.HardDelete(t.Context(), flomastr.ActorSystem, flomastr.TenantID{}, reason, "abc")
		require.Equal(t, "reason_missing", flomastr.CodeOf(err), "%q", reason)
	}
	_, err := engine.Act(t.Context(), flomastr.ActorSystem, flomastr.TenantID{}, tenant.HardDelete, "by the way in for harmless acts")
	require.ErrorIs(t, err, tenant.ErrWrongStatus)
}

func TestASignedReportIsBelievedOnlyAsItWasSigned(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	other, _, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	report := tenant.Report{
		Version: 1, TenantID: "018f0000-0000-7000-8000-000000000001", TenantSlug: "bar", Reason: "they <left> & asked",
		StartedAt: time.Unix(1, 0).UTC(), FinishedAt: time.Unix(2, 0).UTC(), Rows: map[string]int64{"messages": 3},
	}
	signed, err := report.Sign(private)
	require.NoError(t, err)
	read, err := tenant.VerifyReport(signed, other, public)
	require.NoError(t, err)
	require.Equal(t, report, read)

	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, signed, "", "\t"))
	_, err = tenant.VerifyReport(indented.Bytes(), public)
	require.NoError(t, err, "white space is not what was signed")

	_, err = tenant.VerifyReport(signed, other)
	require.ErrorIs(t, err, tenant.ErrSignature, "the key within the file is not to be trusted")
	_, err = tenant.VerifyReport(signed)
	require.ErrorIs(t, err, tenant.ErrSignature)
	for _, forged := range []string{
		strings.Replace(string(signed), `"messages": 3`, `"messages": 4`, 1),
		strings.Replace(string(signed), `"bar"`, `"baz"`, 1),
		strings.Replace(string(signed), `"version": 1`, `"version": 1, "note": ""`, 1),
	} {
		require.NotEqual(t, string(signed), forged)
		_, err = tenant.VerifyReport([]byte(forged), public)
		require.ErrorIs(t, err, tenant.ErrSignature)
	}
	_, err = tenant.VerifyReport([]byte("not a report"), public)
	require.Error(t, err)
	_, err = report.Sign(nil)
	require.Error(t, err)
}

func TestOnlyAReportWithoutTracesIsClean(t *testing.T) {
	t.Parallel()
	require.True(t, tenant.Report{}.Clean())
	for name, r := range map[string]tenant.Report{
		"a row":      {Scan: tenant.Scan{Matches: map[string]int64{"audit_log": 1}}},
		"a database": {ColdDatabaseLeft: true},
		"a file":     {FilesLeft: 1},
	} {
		require.False(t, r.Clean(), name)
	}
}
