package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"sync"
	"time"

	"handover"
)

// TLSFiles names the PEM files of a listener. They are looked at again for
// each connection and read again when one has changed, so a renewed
// certificate needs no restart.
type TLSFiles struct {
	Cert, Key string
	ClientCA  string // if set, a client must show a certificate that one of these signed
}

// Set reports whether any file is named.
func (f TLSFiles) Set() bool { return f != TLSFiles{} }

// Server returns a configuration for a listener, TLS 1.2 or later. Files that
// cannot be used are an error now; later they leave the last good ones in
// place, and failed is told (it may be nil).
func (f TLSFiles) Server(failed func(error)) (*tls.Config, error) {
	r := &reloader{files: f, failed: failed}
	if err := r.load(); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return r.current(), nil },
	}, nil
}

type reloader struct {
	files  TLSFiles
	failed func(error)

	mu     sync.Mutex
	config *tls.Config
	stamps [3]stamp // of the files as they were last read, good or bad
}

// stamp tells whether a file has changed. Size is there for clocks that stand still.
type stamp struct {
	changed time.Time
	size    int64
}

func (r *reloader) current() *tls.Config {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stamp() == r.stamps {
		return r.config
	}
	if err := r.read(); err != nil && r.failed != nil {
		r.failed(err)
	}
	return r.config
}

func (r *reloader) load() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.read()
}

// stamp looks at the files; one that is missing has no stamp.
func (r *reloader) stamp() (s [3]stamp) {
	for i, name := range []string{r.files.Cert, r.files.Key, r.files.ClientCA} {
		if info, err := os.Stat(name); name != "" && err == nil {
			s[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return s
}

func (r *reloader) read() error {
	r.stamps = r.stamp()
	cert, err := tls.LoadX509KeyPair(r.files.Cert, r.files.Key)
	if err != nil {
		return tlsError("reading certificate and key", err)
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}
	if r.files.ClientCA != "" {
		c.ClientAuth = tls.RequireAndVerifyClientCert
		if c.ClientCAs, err = pool(r.files.ClientCA); err != nil {
			return err
		}
	}
	r.config = c
	return nil
}

// Client returns a configuration for connecting: the certificate that is shown
// if the other side asks (both "" for none), and the file with those who may
// sign the other side's ("" for the system's).
func (f TLSFiles) Client(serverCA string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.Cert != "" || f.Key != "" {
		cert, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		if err != nil {
			return nil, tlsError("reading certificate and key", err)
		}
		c.Certificates = []tls.Certificate{cert}
	}
	if serverCA == "" {
		return c, nil
	}
	var err error
	c.RootCAs, err = pool(serverCA)
	return c, err
}

func pool(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, tlsError("reading the certificates of those who sign", err)
	}
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(pem) {
		return nil, tlsError("reading "+file, errors.New("there is no PEM certificate in it"))
	}
	return p, nil
}

func tlsError(op string, err error) error {
	return &handover.Error{Op: op, Kind: handover.Usage, Err: err}
}
