package mllp

import (
	"crypto/tls"
	"errors"
	"os"
	"testing"
	"time"

	"handover/wire"
	"handover/wire/wiretest"
)

func TestTLS(t *testing.T) {
	authority := wiretest.NewAuthority(t)
	cert, key := authority.Issue(t, "server", 10)
	s := start(t, Config{TLS: wire.TLSFiles{Cert: cert, Key: key}})
	config, err := wire.TLSFiles{}.Client(authority.File)
	if err != nil {
		t.Fatal(err)
	}
	if got := sendTLS(t, s, config); got != 10 {
		t.Errorf("the server showed certificate %d, want 10", got)
	}

	t.Run("a renewed certificate is used from then on", func(t *testing.T) {
		authority.Issue(t, "server", 11)
		touch(t, cert, key)
		if got := sendTLS(t, s, config); got != 11 {
			t.Errorf("the server showed certificate %d, want 11", got)
		}
	})
	t.Run("a broken one is not", func(t *testing.T) {
		if err := os.WriteFile(cert, []byte("not a certificate"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := sendTLS(t, s, config); got != 11 {
			t.Errorf("the server showed certificate %d, want 11", got)
		}
	})
	t.Run("a sender without TLS is turned away", func(t *testing.T) {
		if _, err := s.Send(t.Context(), wiretest.Message("CLEAR", "x")); err == nil {
			t.Error("it got an answer")
		}
		if n := len(s.intake.Kept()); n != 3 {
			t.Errorf("%d messages were kept, want 3", n)
		}
	})
	t.Run("a server that nobody vouches for is not trusted", func(t *testing.T) {
		config, err := wire.TLSFiles{}.Client(wiretest.NewAuthority(t).File)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Dial(t.Context(), ClientConfig{Address: s.server.Addr().String(), TLS: config})
		if e, ok := errors.AsType[*SendError](err); !ok || e.Stage != Connecting || Unknown(err) {
			t.Errorf("error %v", err)
		}
	})
}

func TestMutualTLS(t *testing.T) {
	authority := wiretest.NewAuthority(t)
	cert, key := authority.Issue(t, "server", 10)
	s := start(t, Config{TLS: wire.TLSFiles{Cert: cert, Key: key, ClientCA: authority.File}})

	clientCert, clientKey := authority.Issue(t, "client", 20)
	known, err := wire.TLSFiles{Cert: clientCert, Key: clientKey}.Client(authority.File)
	if err != nil {
		t.Fatal(err)
	}
	sendTLS(t, s, known)

	strangerCert, strangerKey := wiretest.NewAuthority(t).Issue(t, "stranger", 30)
	stranger, err := wire.TLSFiles{Cert: strangerCert, Key: strangerKey}.Client(authority.File)
	if err != nil {
		t.Fatal(err)
	}
	nobody, err := wire.TLSFiles{}.Client(authority.File)
	if err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]*tls.Config{"a stranger": stranger, "nobody": nobody} {
		c, err := Dial(t.Context(), ClientConfig{Address: s.server.Addr().String(), TLS: config})
		if err == nil { // in TLS 1.3 the client learns it when it reads
			_, err = c.Send(t.Context(), wiretest.Message("X", "x"))
			_ = c.Close()
		}
		if err == nil {
			t.Errorf("%s was served", name)
		}
	}
	if n := len(s.intake.Kept()); n != 1 {
		t.Errorf("%d messages were kept, want 1", n)
	}
}

func TestTLSFilesThatCannotBeRead(t *testing.T) {
	_, err := Listen(t.Context(), Config{Address: "127.0.0.1:0", Receiver: &wiretest.Intake{}, TLS: wire.TLSFiles{Cert: "missing.pem", Key: "missing.key"}})
	if err == nil {
		t.Error("the server listens in spite of it")
	}
}

// sendTLS sends a message and returns the serial number of the server's certificate.
func sendTLS(t *testing.T, s *started, config *tls.Config) int64 {
	t.Helper()
	c, err := Dial(t.Context(), ClientConfig{Address: s.server.Addr().String(), TLS: config})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	message := wiretest.Message("TLS", "x")
	answer, err := c.Send(t.Context(), message)
	if err != nil || string(answer) != string(wiretest.Answer(message, "AA")) {
		t.Fatalf("answer %q, %v", answer, err)
	}
	return c.socket.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// touch makes the files newer than a coarse clock may have left them.
func touch(t *testing.T, files ...string) {
	t.Helper()
	for _, f := range files {
		later := time.Now().Add(time.Minute)
		if err := os.Chtimes(f, later, later); err != nil {
			t.Fatal(err)
		}
	}
}
