package wire_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"testing"

	"handover"
	"handover/wire"
	"handover/wire/wiretest"
)

func TestTLSFilesThatCannotBeUsed(t *testing.T) {
	authority := wiretest.NewAuthority(t)
	cert, key := authority.Issue(t, "server", 1)
	_, otherKey := authority.Issue(t, "other", 2)
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]wire.TLSFiles{
		"no key":                   {Cert: cert},
		"another's key":            {Cert: cert, Key: otherKey},
		"no certificate":           {ClientCA: authority.File},
		"no PEM":                   {Cert: text, Key: key},
		"authority is missing":     {Cert: cert, Key: key, ClientCA: "missing"},
		"authority is not PEM":     {Cert: cert, Key: key, ClientCA: text},
		"authority is a directory": {Cert: cert, Key: key, ClientCA: t.TempDir()},
	} {
		if _, err := f.Server(nil); handover.KindOf(err) != handover.Usage {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (wire.TLSFiles{Cert: cert}).Client(""); handover.KindOf(err) != handover.Usage {
		t.Errorf("client without key: %v", err)
	}
	if _, err := (wire.TLSFiles{}).Client(text); handover.KindOf(err) != handover.Usage {
		t.Errorf("client, authority is not PEM: %v", err)
	}
	if (wire.TLSFiles{}).Set() || !(wire.TLSFiles{Key: key}).Set() {
		t.Error("Set is wrong")
	}
}

// What cannot be read when it has changed is told once, and the old stays.
func TestTLSFilesThatVanish(t *testing.T) {
	cert, key := wiretest.NewAuthority(t).Issue(t, "server", 1)
	told := 0
	c, err := wire.TLSFiles{Cert: cert, Key: key}.Server(func(error) { told++ })
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		now, err := c.GetConfigForClient(&tls.ClientHelloInfo{})
		if err != nil || len(now.Certificates) != 1 {
			t.Fatalf("%v", err)
		}
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}
