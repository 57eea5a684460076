package nats_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"handover"
	"handover/wire"
	"handover/wire/nats"
	"handover/wire/nats/natstest"
	"handover/wire/wiretest"
)

// TestSignIn: each way to sign in, and what is said to those who may not.
func TestSignIn(t *testing.T) {
	closed := natstest.New(t, func(o *server.Options) { o.Username, o.Password = "lab", "synthetic" })
	closed.Stream(t, labs(nil), client.UserInfo("lab", "synthetic"))
	tokens := natstest.New(t, func(o *server.Options) { o.Authorization = "synthetic" })
	tokens.Stream(t, labs(nil), client.Token("synthetic"))
	file := filepath.Join(t.TempDir(), "lab.creds")
	operated := operated(t, file)
	operated.Stream(t, labs(nil), client.UserCredentials(file))
	for name, c := range map[string]struct {
		server *natstest.Server
		as     func(*nats.Config)
		ending handover.Ending
		why    string
	}{
		"user and password":   {closed, func(c *nats.Config) { c.User, c.Password = "lab", "synthetic" }, handover.Accepted, ""},
		"a wrong password":    {closed, func(c *nats.Config) { c.User, c.Password = "lab", "secret" }, handover.Failed, "Authorization"},
		"nobody":              {closed, nil, handover.Failed, "Authorization"},
		"a token":             {tokens, func(c *nats.Config) { c.Token = "synthetic" }, handover.Accepted, ""},
		"a wrong token":       {tokens, func(c *nats.Config) { c.Token = "secret" }, handover.Failed, "Authorization"},
		"credentials":         {operated, func(c *nats.Config) { c.Credentials = file }, handover.Accepted, ""},
		"none where required": {operated, nil, handover.Failed, "signing in"},
	} {
		t.Run(name, func(t *testing.T) {
			o := sender(t, c.server.Address, c.as).Send(t.Context(), message("M/"+name))
			want(t, name, o, c.ending, c.why)
			if strings.Contains(o.Reason, "secret") {
				t.Errorf("it tells a secret: %q", o.Reason)
			}
		})
	}
}

// operated is a server whose users have credentials; one user's are written to the file.
func operated(t *testing.T, file string) *natstest.Server {
	t.Helper()
	key := func(kp nkeys.KeyPair, err error) (nkeys.KeyPair, string) {
		if err != nil {
			t.Fatal(err)
		}
		public, err := kp.PublicKey()
		if err != nil {
			t.Fatal(err)
		}
		return kp, public
	}
	operator, operatorName := key(nkeys.CreateOperator())
	_, system := key(nkeys.CreateAccount())
	account, accountName := key(nkeys.CreateAccount())
	user, userName := key(nkeys.CreateUser())
	encode := func(c jwt.Claims, by nkeys.KeyPair) string {
		text, err := c.Encode(by)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	may := jwt.NewAccountClaims(accountName)
	may.Limits.JetStreamLimits = jwt.JetStreamLimits{DiskStorage: -1, MemoryStorage: -1, Streams: -1, Consumer: -1}
	accounts := &server.MemAccResolver{}
	for name, c := range map[string]*jwt.AccountClaims{accountName: may, system: jwt.NewAccountClaims(system)} {
		if err := accounts.Store(name, encode(c, operator)); err != nil {
			t.Fatal(err)
		}
	}
	trusted, err := jwt.DecodeOperatorClaims(encode(jwt.NewOperatorClaims(operatorName), operator))
	if err != nil {
		t.Fatal(err)
	}
	seed, err := user.Seed()
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.FormatUserConfig(encode(jwt.NewUserClaims(userName), account), seed)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return natstest.New(t, func(o *server.Options) {
		o.TrustedOperators, o.AccountResolver, o.SystemAccount = []*jwt.OperatorClaims{trusted}, accounts, system
	})
}

// TestRead: credentials that cannot be used are known before anything is sent.
func TestRead(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.creds")
	if err := os.WriteFile(text, []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"/nowhere/lab.creds", text} {
		if _, err := nats.Read(nats.Config{Credentials: file}); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestPermissions: a server that lets us in and not do what is needed says so, and what
// it did not take has failed.
func TestPermissions(t *testing.T) {
	s := natstest.New(t, func(o *server.Options) {
		o.Users = []*server.User{
			{Username: "all", Password: "p"},
			{Username: "mute", Password: "p", Permissions: &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{subject}}}},
			{Username: "deaf", Password: "p", Permissions: &server.Permissions{Subscribe: &server.SubjectPermission{Deny: []string{"_INBOX.>"}}}},
		}
	})
	stream := s.Stream(t, labs(nil), client.UserInfo("all", "p"))
	for user, why := range map[string]string{"mute": "does not let us publish", "deaf": "subscribe below _INBOX"} {
		to := sender(t, s.Address, func(c *nats.Config) { c.User, c.Password = user, "p" })
		for range 2 {
			want(t, user, to.Send(t.Context(), message("M1")), handover.Failed, why)
		}
	}
	if got := natstest.Messages(t, stream); len(got) != 0 {
		t.Errorf("%d are stored", len(got))
	}
}

// TestTLS: nothing is sent to a server that is not known, and nothing in the clear where
// TLS is asked for.
func TestTLS(t *testing.T) {
	authority, stranger := wiretest.NewAuthority(t), wiretest.NewAuthority(t)
	cert, key := authority.Issue(t, "server", 1)
	there, err := wire.TLSFiles{Cert: cert, Key: key, ClientCA: authority.File}.Server(nil)
	if err != nil {
		t.Fatal(err)
	}
	if there, err = there.GetConfigForClient(nil); err != nil {
		t.Fatal(err)
	}
	secure := natstest.New(t, func(o *server.Options) { o.TLSConfig, o.TLSVerify, o.TLSTimeout = there, true, 5 })
	plain := natstest.New(t, nil)
	mine, mineKey := authority.Issue(t, "client", 2)
	files := func(f wire.TLSFiles, ca string) *tls.Config {
		c, err := f.Client(ca)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	known := wire.TLSFiles{Cert: mine, Key: mineKey}
	good := files(known, authority.File)
	secure.Stream(t, labs(nil), client.Secure(good))
	plain.Stream(t, labs(nil))
	other := good.Clone()
	other.ServerName = "elsewhere.example.org"
	for name, c := range map[string]struct {
		server *natstest.Server
		tls    *tls.Config
		ending handover.Ending
		why    string
	}{
		"both are known":                  {secure, good, handover.Accepted, ""},
		"the server is a stranger":        {secure, files(known, stranger.File), handover.Failed, "certificate"},
		"the server has another name":     {secure, other, handover.Failed, "elsewhere.example.org"},
		"we show no certificate":          {secure, files(wire.TLSFiles{}, authority.File), handover.Failed, "signing in"},
		"TLS is asked for and not there":  {plain, good, handover.Failed, "secure connection not available"},
		"TLS is there and not configured": {secure, nil, handover.Failed, "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			o := sender(t, c.server.Address, func(n *nats.Config) { n.TLS = c.tls }).Send(t.Context(), message("M1"))
			want(t, name, o, c.ending, c.why)
		})
	}
}
