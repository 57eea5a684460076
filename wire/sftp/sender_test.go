package sftp_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"handover"
	"handover/wire/sftp"
)

func message(control string) []byte {
	return []byte("MSH|^~\\&|A|B|C|D|20260302||ADT^A01|" + control + "|P|2.5.1\rPID|1||900001\r")
}

func (s *server) sender(t *testing.T, change func(*sftp.Config)) *sftp.Sender {
	t.Helper()
	c := sftp.Config{Address: s.address, User: s.user, Key: s.key, KnownHosts: s.knownHosts, Dir: s.dir, Connect: 5 * time.Second, Answer: 5 * time.Second}
	if change != nil {
		change(&c)
	}
	there, err := sftp.Read(c)
	if err != nil {
		t.Fatal(err)
	}
	to := there.NewSender()
	t.Cleanup(func() { _ = to.Close() })
	return to
}

func (s *server) files(t *testing.T) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// TestSender sends to a real server: files appear whole, over a connection that is made
// anew when the server was away.
func TestSender(t *testing.T) {
	s := newServer(t)
	to := s.sender(t, nil)
	for range 2 { // the second time it is there still
		if o := to.Send(t.Context(), message("M/1")); o.Ending != handover.Accepted {
			t.Fatalf("%+v", o)
		}
	}
	if got := s.files(t); len(got) != 1 || !strings.HasPrefix(got[0], "M_1.") {
		t.Fatalf("files: %q", got)
	}
	if text, err := os.ReadFile(filepath.Join(s.dir, s.files(t)[0])); err != nil || string(text) != string(message("M/1")) {
		t.Errorf("%q, %v", text, err)
	}
	s.stop()
	if o := to.Send(t.Context(), message("M2")); o.Ending != handover.Failed && o.Ending != handover.Accepted {
		t.Errorf("while the server is away: %+v", o) // the session's own process may live
	}
	s.start(t)
	for _, control := range []string{"M2", "M3"} {
		if o := to.Send(t.Context(), message(control)); o.Ending != handover.Accepted {
			t.Errorf("once it is back: %+v", o)
		}
	}
	if got := s.files(t); len(got) != 3 {
		t.Errorf("files: %q", got)
	}
	_ = to.Close()
	if o := to.Send(t.Context(), message("M4")); o.Ending != handover.Failed || len(s.files(t)) != 3 {
		t.Errorf("after the end: %+v", o)
	}
}

// TestSenderRefused: what was not written has failed, and says why without a name.
func TestSenderRefused(t *testing.T) {
	s := newServer(t)
	stranger := filepath.Join(t.TempDir(), "stranger")
	newKey(t, stranger)
	other := filepath.Join(t.TempDir(), "known")
	if err := os.WriteFile(other, []byte("elsewhere.example.org "+newKey(t, stranger+"2")), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*sftp.Config)
		why    string
	}{
		"a key that is not known there":     {func(c *sftp.Config) { c.Key = stranger }, "signing in"},
		"a server that is not known here":   {func(c *sftp.Config) { c.KnownHosts = other }, "key is unknown"},
		"a folder that is not there":        {func(c *sftp.Config) { c.Dir += "/900001" }, "not exist"},
		"nobody listens":                    {func(c *sftp.Config) { c.Address = "127.0.0.1:1" }, "refused"},
		"a server that says nothing at all": {func(c *sftp.Config) { c.Address, c.Connect = silent(t), 200*time.Millisecond }, "signing in"},
	} {
		t.Run(name, func(t *testing.T) {
			o := s.sender(t, c.change).Send(t.Context(), message("M1"))
			if o.Ending != handover.Failed || !strings.Contains(o.Reason, c.why) || strings.Contains(o.Reason, "900001") {
				t.Errorf("%+v, want %q", o, c.why)
			}
		})
	}
	if o := s.sender(t, nil).Send(t.Context(), []byte("no message")); o.Ending != handover.Rejected {
		t.Errorf("no message: %+v", o)
	}
	if got := s.files(t); len(got) != 0 {
		t.Errorf("files: %q", got)
	}
	if _, err := sftp.Read(sftp.Config{KnownHosts: "/nowhere"}); err == nil {
		t.Error("no known hosts, and no error")
	}
}

// silent takes connections and says nothing.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}
