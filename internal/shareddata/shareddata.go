// Package shareddata finds the real messages, maps and suites that lie beside
// a checkout, in ../shared/data. They are never part of the repository, so a
// test that needs them skips with a plain line where they are absent.
package shareddata

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Dir returns the folder name below ../shared/data, and skips the test where
// it does not exist.
func Dir(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join(root(), "..", "shared", "data", filepath.FromSlash(name))
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("needs ../shared/data/%s, which is not here", name)
	}
	return dir
}

// root is the checkout's top folder: two above this file.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}
