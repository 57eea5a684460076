package sftp_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// server is Debian's OpenSSH, on loopback and with keys of its own.
type server struct {
	address    string
	user       string
	key        string // file of the client's key
	knownHosts string
	dir        string // into which files go
	process    *exec.Cmd
	config     string
	program    string
}

// nobody is the account of that name.
const nobody = 65534

// packages are what sshd needs beside what every Debian has.
var packages = []string{"openssh-server", "libwrap0", "libnsl2", "libtirpc3"}

// sshd returns the program and where its libraries are. Where the machine has none,
// Debian's packages are fetched and unpacked, not installed: a test opens no door on the
// machine.
func sshd(t *testing.T) (program, libraries string) {
	t.Helper()
	if _, err := os.Stat("/usr/sbin/sshd"); err == nil {
		return "/usr/sbin/sshd", ""
	}
	dir, err := os.UserCacheDir()
	if err != nil || os.Getuid() == 0 { // nobody could not read it there
		dir = openTempDir(t)
	}
	dir = filepath.Join(dir, "handover", "sshd")
	program, libraries = filepath.Join(dir, "usr/sbin/sshd"), filepath.Join(dir, "usr/lib/x86_64-linux-gnu")
	if _, err := os.Stat(program); err == nil {
		return program, libraries
	}
	fetched := t.TempDir()
	fetch := exec.Command("apt-get", append([]string{"download", "-qq"}, packages...)...)
	fetch.Dir = fetched
	if out, err := fetch.CombinedOutput(); err != nil {
		t.Skipf("openssh-server is not installed and cannot be fetched (apt-get update may help): %v\n%s", err, out)
	}
	all, err := filepath.Glob(filepath.Join(fetched, "*.deb"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	part, err := os.MkdirTemp(filepath.Dir(dir), "sshd-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(part)
	for _, file := range all {
		if out, err := exec.Command("dpkg-deb", "-x", file, part).CombinedOutput(); err != nil {
			t.Fatalf("unpacking %s: %v\n%s", file, err, out)
		}
	}
	if err := errors.Join(os.Chmod(part, 0o755), os.Rename(part, dir)); err != nil {
		t.Fatal(err)
	}
	return program, libraries
}

// openTempDir is a folder that others may enter.
func openTempDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func newServer(t *testing.T) *server {
	t.Helper()
	program, libraries := sshd(t)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	dir := openTempDir(t)
	s := &server{user: me.Username, key: filepath.Join(dir, "client"), knownHosts: filepath.Join(dir, "known_hosts"),
		dir: filepath.Join(dir, "drop"), config: filepath.Join(dir, "sshd_config"), program: program}
	if os.Getuid() == 0 { // as root sshd wants an account of its own on the machine
		s.user = "nobody"
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	_ = l.Close()
	_, port, _ := net.SplitHostPort(s.address)
	host, client := newKey(t, filepath.Join(dir, "host")), newKey(t, s.key)
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(dir, "authorized"), client)
	write(s.knownHosts, fmt.Sprintf("[127.0.0.1]:%s %s", port, host))
	write(s.config, fmt.Sprintf("Port %s\nListenAddress 127.0.0.1\nHostKey %s\nAuthorizedKeysFile %s\nPidFile none\nUsePAM yes\n"+
		"StrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\nSubsystem sftp internal-sftp\n",
		port, filepath.Join(dir, "host"), filepath.Join(dir, "authorized")))
	if libraries != "" {
		t.Setenv("LD_LIBRARY_PATH", libraries)
	}
	if os.Getuid() == 0 {
		for _, name := range []string{dir, s.dir, filepath.Join(dir, "host"), filepath.Join(dir, "authorized"), s.config} {
			if err := os.Chown(name, nobody, nobody); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.start(t)
	t.Cleanup(s.stop)
	return s
}

func (s *server) start(t *testing.T) {
	t.Helper()
	s.process = exec.Command(s.program, "-D", "-e", "-f", s.config)
	if os.Getuid() == 0 {
		s.process.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	if err := s.process.Start(); err != nil {
		t.Skipf("sshd does not start: %v", err)
	}
	for range 200 {
		if c, err := net.Dial("tcp", s.address); err == nil {
			_ = c.Close()
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	out, _ := exec.Command(s.program, "-t", "-f", s.config).CombinedOutput()
	t.Fatalf("sshd does not listen: %s", out)
}

func (s *server) stop() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

// newKey writes a private key, and returns the public one as sshd reads it.
func newKey(t *testing.T, file string) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "a test's")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(ssh.MarshalAuthorizedKey(key))
}
