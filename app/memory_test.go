package app

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// What is counted as in use, and is not, takes no memory. That is so in a process that
// has used none yet, which is what the program is; so is this test's.
func TestBallastIsNotResident(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("resident memory is read from /proc")
	}
	if os.Getenv("HANDOVER_FRESH") == "" {
		fresh := exec.Command(os.Args[0], "-test.run=^TestBallastIsNotResident$")
		fresh.Env = append(os.Environ(), "HANDOVER_FRESH=1")
		if out, err := fresh.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	t.Setenv("GOGC", "")
	before := debug.SetGCPercent(100)
	defer func() {
		debug.SetGCPercent(before)
		ballast = nil
	}()
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
