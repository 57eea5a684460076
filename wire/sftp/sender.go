// Package sftp sends messages as files into a folder of another machine, by SFTP.
//
// A file has its name only once it is whole and, where the server can (the extension
// fsync@openssh.com), on disk: it is written under a name that begins with a dot, and
// renamed. The name is that of wire.FileName. The server must be known: its host key is
// in the file of known hosts, or nothing is sent.
package sftp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"handover"
	"handover/hl7v2"
	"handover/wire"
)

// Config says where messages go, and as whom.
type Config struct {
	Address    string // host:port
	User       string
	Key        string // file of the private key, "" if there is a password
	Password   string
	KnownHosts string // file
	Dir        string // on the server
	Connect    time.Duration
	Answer     time.Duration // how long one message may take; 0: a minute
}

// Server is one that messages go to, with what is needed to sign in there.
type Server struct {
	config Config
	ssh    *ssh.ClientConfig
}

// Sender sends over one connection, which it keeps and makes anew when it has to.
type Sender struct {
	*Server

	mu    sync.Mutex
	link  *link
	ended bool
}

// link is a connection.
type link struct {
	conn  net.Conn
	files *sftp.Client
}

func (l *link) hangUp() { _ = errors.Join(l.conn.Close(), l.files.Close()) }

// Read reads key and known hosts.
func Read(c Config) (*Server, error) {
	c.Connect, c.Answer = cmp.Or(c.Connect, 10*time.Second), cmp.Or(c.Answer, time.Minute)
	known, err := knownhosts.New(c.KnownHosts)
	if err != nil {
		return nil, fmt.Errorf("reading the known hosts: %w", err)
	}
	s := &Server{config: c, ssh: &ssh.ClientConfig{User: c.User, HostKeyCallback: known, Timeout: c.Connect}}
	if c.Password != "" {
		s.ssh.Auth = append(s.ssh.Auth, ssh.Password(c.Password))
	}
	if c.Key != "" {
		text, err := os.ReadFile(c.Key)
		if err != nil {
			return nil, fmt.Errorf("reading the key: %w", err)
		}
		key, err := ssh.ParsePrivateKey(text)
		if err != nil {
			return nil, fmt.Errorf("reading the key %s: %w", c.Key, err)
		}
		s.ssh.Auth = append(s.ssh.Auth, ssh.PublicKeys(key))
	}
	return s, nil
}

// NewSender makes a Sender. It connects when the first message is sent.
func (s *Server) NewSender() *Sender { return &Sender{Server: s} }

// Close ends the Sender. A message that is being sent ends as Unknown or Failed.
func (s *Sender) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if s.link != nil {
		_ = s.link.conn.Close() // whoever sends cleans up
	}
	return nil
}

// Send writes a message. What the server did not let us write is Failed; where it did
// not say whether the file has its name, Unknown.
func (s *Sender) Send(ctx context.Context, message []byte) handover.Outcome {
	m, _ := hl7v2.Parse(message)
	if m == nil {
		return handover.Outcome{Ending: handover.Rejected, Reason: "it is no message"}
	}
	l, err := s.connect(ctx)
	if err != nil {
		return handover.Outcome{Ending: handover.Failed, Reason: reason(err)}
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Answer)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = l.conn.Close() })()
	name := path.Join(s.config.Dir, wire.FileName(m.ControlID(), message))
	if there, err := l.files.Stat(name); err == nil && there.Size() == int64(len(message)) {
		return handover.Outcome{Ending: handover.Accepted}
	}
	named, err := l.write(name, message)
	if err == nil {
		return handover.Outcome{Ending: handover.Accepted}
	}
	o := handover.Outcome{Ending: handover.Failed, Reason: reason(cmp.Or(ctx.Err(), err))}
	if ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		o.Reason = fmt.Sprintf("it was not written within %v", s.config.Answer)
	}
	if named && !refused(err) {
		o.Ending = handover.Unknown
	}
	s.drop(l)
	return o
}

// write makes the file whole before it has its name. named says that it may have it.
func (l *link) write(name string, message []byte) (named bool, err error) {
	part := path.Join(path.Dir(name), "."+path.Base(name)+".tmp")
	f, err := l.files.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return false, err
	}
	_, err = f.Write(message)
	if err == nil {
		if err = f.Sync(); unsupported(err) {
			err = nil
		}
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = l.files.Remove(part)
		return false, err
	}
	if err = l.files.PosixRename(part, name); unsupported(err) {
		err = l.files.Rename(part, name)
	}
	if err != nil && refused(err) {
		_ = l.files.Remove(part)
	}
	return true, err
}

// The status codes of the protocol that matter here (draft-ietf-secsh-filexfer-02 §7).
const (
	noConnection   = 6
	connectionLost = 7
	notSupported   = 8
)

func statusOf(err error) (code uint32, told bool) {
	if s, ok := errors.AsType[*sftp.StatusError](err); ok {
		return s.Code, true
	}
	return 0, false
}

func unsupported(err error) bool {
	code, told := statusOf(err)
	return told && code == notSupported
}

// refused reports whether the server itself said that it did not do it.
func refused(err error) bool {
	code, told := statusOf(err)
	return told && code != noConnection && code != connectionLost || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
}

// reason says why in words that name no file.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Op + ": " + e.Err.Error()
	}
	return err.Error()
}

// connect returns a connection that stands, as far as is known.
func (s *Sender) connect(ctx context.Context) (*link, error) {
	s.mu.Lock()
	l, ended := s.link, s.ended
	s.mu.Unlock()
	switch {
	case ended:
		return nil, errors.New("the sender was closed")
	case l != nil:
		if _, err := l.files.Getwd(); err == nil {
			return l, nil
		}
		s.drop(l)
	}
	l, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		l.hangUp()
		return nil, errors.New("the sender was closed")
	}
	s.link = l
	return l, nil
}

func (s *Sender) dial(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Connect)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.config.Address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	c, channels, requests, err := ssh.NewClientConn(conn, s.config.Address, s.ssh)
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("signing in: %w", err)
	}
	files, err := sftp.NewClient(ssh.NewClient(c, channels, requests))
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("asking for SFTP: %w", err)
	}
	return &link{conn, files}, nil
}

// drop ends a connection that is of no use any more.
func (s *Sender) drop(l *link) {
	l.hangUp()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == l {
		s.link = nil
	}
}
