package storetest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// binaries is where Debian's package puts initdb and postgres.
const binaries = "/usr/lib/postgresql/15/bin"

// server is a PostgreSQL that lives as long as the test binary.
type server struct {
	dir  string // holds the data and the socket
	user string
	made atomic.Int64 // databases so far
}

// running starts the server on first use.
var running = sync.OnceValues(start)

func start() (*server, error) {
	if _, err := os.Stat(filepath.Join(binaries, "postgres")); err != nil {
		return nil, errors.New("PostgreSQL is not installed: install Debian's package postgresql-15 (make test does it)")
	}
	sweep()
	owner, credential, err := unprivileged()
	if err != nil {
		return nil, err
	}
	s := &server{dir: folder(os.Getpid()), user: owner}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	if credential != nil {
		if err := os.Chown(s.dir, int(credential.Uid), int(credential.Gid)); err != nil {
			return nil, err
		}
	}
	if err := s.init(credential); err != nil {
		return nil, err
	}
	if err := s.serve(credential); err != nil {
		return nil, err
	}
	return s, nil
}

const prefix = "handover-postgres-"

func folder(pid int) string { return filepath.Join(os.TempDir(), prefix+strconv.Itoa(pid)) }

// sweep removes the folders of test binaries that have ended.
func sweep() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	for _, dir := range dirs {
		pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(dir), prefix))
		if err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = os.RemoveAll(dir) // another binary may be sweeping too
		}
	}
}

// unprivileged returns the user that the server runs as: PostgreSQL refuses
// root, so then it is the user its package made.
func unprivileged() (name string, as *syscall.Credential, err error) {
	if os.Getuid() != 0 {
		me, err := user.Current()
		if err != nil {
			return "", nil, err
		}
		return me.Username, nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return "", nil, errors.New("there is no user postgres: install Debian's package postgresql-15 (make test does it)")
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return "", nil, err
	}
	return u.Username, &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func (s *server) data() string { return filepath.Join(s.dir, "data") }

func (s *server) init(as *syscall.Credential) error {
	cmd := exec.Command(filepath.Join(binaries, "initdb"), "--pgdata", s.data(), "--no-sync",
		"--auth=trust", "--encoding=UTF8", "--locale=C", "--username="+s.user)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("making a PostgreSQL cluster for tests: %w\n%s", err, out)
	}
	return nil
}

// serve starts the server and waits until it answers. The kernel ends it with
// the thread that started it, which is therefore kept for good.
func (s *server) serve(as *syscall.Credential) error {
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(binaries, "postgres"), "-D", s.data(), "-k", s.dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off",
		"-c", "max_connections=200", "-c", "shared_buffers=64MB")
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Pdeathsig: syscall.SIGQUIT}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		started <- cmd.Start()
		_ = cmd.Wait() // its end is the binary's end
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("starting PostgreSQL for tests: %w", err)
	}
	return s.await()
}

func (s *server) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.url("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("PostgreSQL did not start: %w\n%s", err, log)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *server) url(database string) string {
	q := url.Values{"host": {s.dir}, "user": {s.user}, "database": {database}}
	return "postgres:///?" + q.Encode()
}

// create makes an empty database.
func (s *server) create(ctx context.Context) (string, error) {
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return "", err
	}
	name := "test" + strconv.FormatInt(s.made.Add(1), 10)
	_, err = conn.Exec(ctx, "CREATE DATABASE "+name)
	return s.url(name), errors.Join(err, conn.Close(ctx))
}
