package app

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// What is counted as in use, and is not, takes no memory.
func TestBallastIsNotResident(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("resident memory is read from /proc")
	}
	t.Setenv("GOGC", "")
	before := debug.SetGCPercent(100)
	defer func() {
		debug.SetGCPercent(before)
		ballast = nil
	}()
	debug.FreeOSMemory() // it must not be given what tests before it have used
	SpareMemory()
	runtime.GC()
	without := residentMB(t)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	if grown := residentMB(t) - without; grown < ballastBytes>>20/2 {
		t.Errorf("%d MB came when it was touched: it was resident before", grown)
	}
}

func residentMB(t *testing.T) int {
	t.Helper()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(data))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize() >> 20
}
