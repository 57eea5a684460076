package torture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Program is the built program, run as a process of its own.
type Program struct {
	Path    string    // of the program
	Config  string    // folder
	Data    string    // folder
	HTTP    string    // host:port, as the configuration has it
	Sources []Address // the same
	Log     io.Writer
	// Patience is how long a start may take; 0: a minute.
	Patience time.Duration

	process *exec.Cmd
	ended   chan error
}

// Start runs the program and returns how long it took until it was ready.
func (p *Program) Start(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	if err := p.Begin(); err != nil {
		return 0, err
	}
	patience := p.Patience
	if patience == 0 {
		patience = time.Minute
	}
	for !p.ready() {
		select {
		case err := <-p.ended:
			p.process = nil
			return 0, fmt.Errorf("the engine ended at its start: %w", orEnded(err))
		case <-ctx.Done():
			p.Kill()
			return 0, ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
		if time.Since(began) > patience {
			p.Kill()
			return 0, fmt.Errorf("the engine was not ready within %v", patience)
		}
	}
	return time.Since(began), nil
}

func orEnded(err error) error {
	if err == nil {
		return errors.New("it says that all is well")
	}
	return err
}

// Begin runs the program and waits for nothing. If this process dies it dies too.
func (p *Program) Begin() error {
	p.process = exec.Command(p.Path, "run", "--config", p.Config, "--data", p.Data)
	p.process.Stdout, p.process.Stderr = p.Log, p.Log
	p.process.SysProcAttr = dieWithParent()
	started := make(chan error, 1)
	p.ended = make(chan error, 1)
	go func(c *exec.Cmd, ended chan<- error) {
		runtime.LockOSThread() // the kernel takes the thread for the parent
		defer runtime.UnlockOSThread()
		err := c.Start()
		started <- err
		if err == nil {
			ended <- c.Wait()
		}
	}(p.process, p.ended)
	err := <-started
	if err != nil {
		p.process = nil
	}
	return err
}

// ready reports whether every source is listened for, and requests are served.
func (p *Program) ready() bool {
	for _, s := range p.Sources {
		if !listens(s.Host) {
			return false
		}
	}
	return get(context.Background(), p.HTTP, "/readyz", nil) == nil
}

func listens(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err == nil {
		_ = conn.Close() // nothing was said
	}
	return err == nil
}

// Running reports whether it was started and neither killed nor stopped since.
func (p *Program) Running() bool { return p.process != nil }

// PID is the process's id.
func (p *Program) PID() int { return p.process.Process.Pid }

// Kill is kill -9. It returns whether the program ended by it and not by itself.
func (p *Program) Kill() (killed bool) {
	if p.process == nil {
		return false
	}
	_ = p.process.Process.Kill() // it may have ended
	ended, _ := errors.AsType[*exec.ExitError](<-p.ended)
	p.process = nil
	if ended == nil {
		return false
	}
	status, ok := ended.Sys().(syscall.WaitStatus)
	return ok && status.Signaled()
}

// Stop asks it to end, as an operator would.
func (p *Program) Stop() error {
	if err := p.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-p.ended:
		p.process = nil
		if err != nil {
			return fmt.Errorf("stopping the engine: %w", err)
		}
		return nil
	case <-time.After(time.Minute):
		p.Kill()
		return errors.New("the engine did not stop within a minute")
	}
}

// Command runs another command of the program, and returns what it printed.
func (p *Program) Command(ctx context.Context, args ...string) (string, error) {
	c := exec.CommandContext(ctx, p.Path, args...)
	out, err := c.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("handover %s: %w: %s", args[0], err, bytes.TrimSpace(out))
	}
	return string(bytes.TrimSpace(out)), nil
}

// Verify is the command of that name, on the folder of the program that was stopped.
func (p *Program) Verify(ctx context.Context) (string, error) {
	return p.Command(ctx, "verify", "--data", p.Data)
}

// web asks a running engine; an answer takes seconds at most, among millions of messages
// a minute.
var web = &http.Client{Timeout: 2 * time.Minute}
