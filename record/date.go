package record

import (
	"math"
	"strings"
	"time"

	"handover/fhir"
)

// The ends of time, for ranges that are open.
const (
	beginning = math.MinInt64
	end       = math.MaxInt64
)

// span returns the microseconds that a FHIR date, dateTime or instant of any
// precision covers, the second end excluded; also what search allows beyond
// these (no seconds). Without an offset it counts as UTC. FHIR R4 §3.1.1.4.7.
func span(s string) (low, high int64, ok bool) {
	// A plus that was not escaped in a URL arrives as a space.
	r, err := fhir.DateRange(strings.Replace(s, " ", "+", 1), time.UTC)
	if err != nil {
		return 0, 0, false
	}
	low = r.Low.UnixMicro()
	return low, max(r.High.UnixMicro(), low+1), true
}
