package torture

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"handover/app/torture"
)

// TestCommand: handover torture, small, finds nothing, says so, and leaves nothing.
func TestCommand(t *testing.T) {
	dir := t.TempDir()
	bystander := filepath.Join(dir, "torture-notes")
	if err := os.WriteFile(bystander, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(binary, "torture", "--data", dir, "--rounds", "1", "--seed", "7", "--json")
	var said, complained strings.Builder
	c.Stdout, c.Stderr = &said, &complained
	if err := c.Run(); err != nil || complained.String() != "" {
		t.Errorf("%v\n%s\n%s", err, said.String(), complained.String())
	}
	var r torture.Report
	if err := json.Unmarshal([]byte(said.String()), &r); err != nil {
		t.Fatal(err)
	}
	t.Log(said.String())
	if k := r.Killed; !r.Passed || r.Seed != 7 || k.Rounds != 1 || k.Acknowledged == 0 || k.Delivered == 0 || k.Waiting == 0 || k.Ready.Max == 0 || k.Answer.Max == 0 {
		t.Errorf("%+v", k)
	}
	if f := r.Failing; f.Rounds != 2 || f.Acknowledged == 0 || f.Delivered == 0 {
		t.Errorf("%+v", f)
	}
	leaves(t, dir, bystander)
}

// leaves: nothing is in the folder but what was there.
func leaves(t *testing.T, dir, bystander string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || !slices.Equal(all, []string{bystander}) {
		t.Errorf("it leaves %v (%v)", all, err)
	}
}

// TestInterruptedCommand: Ctrl-C in the middle leaves nothing either.
func TestInterruptedCommand(t *testing.T) {
	dir := t.TempDir()
	bystander := filepath.Join(dir, "mine")
	if err := os.WriteFile(bystander, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(binary, "torture", "--data", dir)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if keys, _ := filepath.Glob(filepath.Join(dir, "torture-*", "killed", "data", "site.key")); len(keys) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Error("no engine was started")
			break
		}
	}
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	err := c.Wait()
	if ended, ok := errors.AsType[*exec.ExitError](err); !ok || ended.ExitCode() != 3 {
		t.Errorf("it ended with %v, want exit code 3", err)
	}
	leaves(t, dir, bystander)
}

// TestTooLittleRoom: on a disk with less than it needs it does not begin.
func TestTooLittleRoom(t *testing.T) {
	dir := t.TempDir()
	if os.Getuid() != 0 {
		t.Skip("needs root, to mount a small file system")
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=50m"); err != nil {
		t.Skipf("cannot mount a small file system here: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}()
	out, err := exec.Command(binary, "torture", "--data", dir).CombinedOutput()
	if ended, ok := errors.AsType[*exec.ExitError](err); !ok || ended.ExitCode() != 3 || !strings.Contains(string(out), "MB are free") {
		t.Errorf("%v: %s", err, out)
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) > 0 {
		t.Errorf("it leaves %v (%v)", all, err)
	}
}

// TestFindsALoss runs a program that loses its journal whenever it is started: that
// must be found, named, and kept to be looked at if that is asked for.
func TestFindsALoss(t *testing.T) {
	dir := t.TempDir()
	forgetful := filepath.Join(t.TempDir(), "forgetful")
	script := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = run ] && rm -rf \"$5\"\nexec '%s' \"$@\"\n", binary)
	if err := os.WriteFile(forgetful, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	r, err := torture.Run(t.Context(), torture.Config{Dir: dir, Program: forgetful, Rounds: 1, Lives: 1, Seed: 7, Keep: true})
	if err != nil {
		t.Fatal(err)
	}
	lost := slices.ContainsFunc(r.Killed.Findings, func(f torture.Finding) bool {
		return f.What == torture.Lost && strings.Contains(f.Text, "was acknowledged and is not there")
	})
	var said strings.Builder
	if err := r.Print(&said); err != nil {
		t.Error(err)
	}
	if r.Passed || !lost || r.Killed.Lost == 0 || !strings.Contains(said.String(), "FAIL: ") || strings.Contains(said.String(), "PASS") {
		t.Errorf("passed %v, lost %d\n%s", r.Passed, r.Killed.Lost, said.String())
	}
	if _, err := os.Stat(filepath.Join(r.Kept, "killed", "data", "journal")); err != nil {
		t.Errorf("what was found is not kept: %v", err)
	}
}
